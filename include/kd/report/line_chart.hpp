// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "kd/report/axis.hpp"
#include "kd/report/legend.hpp"
#include "kd/report/svg.hpp"
#include "kd/report/table.hpp"

namespace kd::report {

/// A line through points. Where there are `deviations`, one a point, a band says how far apart the
/// values were of which each is the mean.
struct Series {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> deviations = {};
};

/// Lines over a common axis. Points whose value is not finite are left out.
struct LineChart {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<Series> series;
  bool logarithmic_x = false;  ///< with lines at the values there are, which are positive
  bool logarithmic_y = false;  ///< where all values are positive
  bool from_zero = false;      ///< whether the axis of y begins there
  std::string note = {};

  std::string html() const {
    double height = 0;
    const Svg svg = draw(height);
    return detail::figure(
        title, note,
        svg.in_page(height, title + ": " + y_label + " by " + x_label) + detail::numbers(table()));
  }

  /// The picture as a file of its own.
  std::string svg() const {
    double height = 0;
    const Svg svg = draw(height);
    return svg.in_file(height, title);
  }

  /// A row for each x, a column for each series.
  Table table() const {
    Table table{y_label + " by " + x_label, {x_label}, {}};
    std::map<double, std::vector<std::string>> rows;
    for (std::size_t k = 0; k < series.size(); ++k) {
      table.head.push_back(series[k].name);
      for (std::size_t i = 0; i < points(series[k]); ++i) {
        std::vector<std::string>& row = rows[series[k].x[i]];
        row.resize(series.size());
        row[k] = value(series[k], i);
      }
    }
    for (auto& [x, cells] : rows) {
      table.rows.push_back({brief(x)});
      table.rows.back().insert(table.rows.back().end(), cells.begin(), cells.end());
    }
    return table;
  }

 private:
  static constexpr double width = 380;
  static constexpr double left = 48;
  static constexpr double right = 370;
  static constexpr double plot_height = 190;
  static constexpr std::size_t most_marks = 40;  ///< of a series: beyond, only some points have one

  static std::size_t points(const Series& s) { return std::min(s.x.size(), s.y.size()); }
  static double deviation(const Series& s, std::size_t i) {
    return i < s.deviations.size() ? s.deviations[i] : 0;
  }
  static std::string value(const Series& s, std::size_t i) {
    const double d = deviation(s, i);
    return brief(s.y[i]) + (d > 0 ? " \xC2\xB1 " + brief(d) : "");
  }

  Svg draw(double& height) const {
    Svg svg(width);
    std::vector<std::string> names;
    for (const Series& s : series) names.push_back(s.name);
    const double top = detail::draw_legend(svg, names, 4, 2, true) + 28;
    const double bottom = top + plot_height;
    height = bottom + 38;

    std::vector<double> xs;
    std::vector<double> ys;
    for (const Series& s : series)
      for (std::size_t i = 0; i < points(s); ++i) {
        xs.push_back(s.x[i]);
        ys.push_back(s.y[i] - deviation(s, i));
        ys.push_back(s.y[i] + deviation(s, i));
      }
    const Axis x = logarithmic_x ? logarithmic_axis(xs) : whole_range(xs);
    const bool all_positive = std::all_of(ys.begin(), ys.end(), [](double v) { return v > 0; });
    const Axis y =
        logarithmic_y && all_positive ? logarithmic_axis_around(ys) : linear_axis(ys, 5, from_zero);
    const auto at_x = [&](double v) { return left + (right - left) * x.at(v); };
    const auto at_y = [&](double v) { return bottom - plot_height * y.at(v); };

    svg.text(4, top - 14, detail::shortened(y_label, width - 8), "quiet");
    for (const double tick : y.ticks) {
      svg.line(left, at_y(tick), right, at_y(tick), "grid");
      svg.text(left - 6, at_y(tick) + 4, brief(tick), "quiet", "end");
    }
    double free = 0;  // from where on the axis of x has room for a number
    for (const double tick : x.ticks) {
      const double half = detail::text_width(brief(tick)) / 2;
      const double middle = std::min(at_x(tick), width - half);
      if (middle - half < free) continue;
      free = middle + half + 4;
      svg.line(at_x(tick), bottom, at_x(tick), bottom + 4, "axis");
      svg.text(middle, bottom + 17, brief(tick), "quiet", "middle");
    }
    svg.line(left, bottom, right, bottom, "axis");
    svg.text(right, bottom + 33, detail::shortened(x_label, right - 4), "quiet", "end");
    for (std::size_t k = 0; k < series.size(); ++k)
      draw_series(svg, static_cast<int>(k), series[k], at_x, at_y);
    return svg;
  }

  /// All of it, with round numbers inside.
  static Axis whole_range(const std::vector<double>& xs) {
    Axis axis = linear_axis(xs, 6, false);
    if (xs.empty()) return axis;
    const auto [low, high] = std::minmax_element(xs.begin(), xs.end());
    if (*low == *high) return axis;
    axis.low = *low;
    axis.high = *high;
    std::erase_if(axis.ticks, [&](double tick) { return tick < axis.low || tick > axis.high; });
    return axis;
  }

  template <class AtX, class AtY>
  void draw_series(Svg& svg, int k, const Series& s, const AtX& at_x, const AtY& at_y) const {
    const std::size_t count = points(s);
    std::string d;
    std::string above;
    std::string below;
    for (std::size_t i = 0; i < count; ++i) {
      if (!kd::detail::is_finite(s.y[i])) continue;
      const auto place = [&](double y) { return px(at_x(s.x[i])) + ' ' + px(at_y(y)); };
      d += (d.empty() ? "M" : "L") + place(s.y[i]);
      if (s.deviations.empty()) continue;
      above += (above.empty() ? "M" : "L") + place(s.y[i] + deviation(s, i));
      below = 'L' + place(s.y[i] - deviation(s, i)) + below;
    }
    if (d.empty()) return;
    svg.open(k);
    if (!above.empty()) svg.path(above + below + 'Z', "band");
    svg.path(d, "line");
    svg.close();
    const std::size_t every = (count + most_marks - 1) / most_marks;
    for (std::size_t i = 0; i < count; ++i) {
      if ((i % every != 0 && i + 1 != count) || !kd::detail::is_finite(s.y[i])) continue;
      const double px_x = at_x(s.x[i]);
      const double px_y = at_y(s.y[i]);
      svg.open(k, s.name + ", " + x_label + ' ' + brief(s.x[i]) + ": " + value(s, i));
      svg.rect(px_x - 6, px_y - 9, 12, 18, "hit");
      svg.mark(k, px_x, px_y);
      svg.close();
    }
  }
};

}  // namespace kd::report
