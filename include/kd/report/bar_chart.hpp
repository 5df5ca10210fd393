// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "kd/report/axis.hpp"
#include "kd/report/legend.hpp"
#include "kd/report/svg.hpp"
#include "kd/report/table.hpp"

namespace kd::report {

/// One value, with how far apart those were of which it is the mean.
struct Bar {
  std::string name;
  double value = 0;
  double deviation = 0;
  int kind = 0;  ///< which of the chart's kinds, counted from 0
};

/// Values one below the other, with error bars, and a column of the numbers on the right.
struct BarChart {
  std::string title;
  std::string unit;  ///< what is counted, such as "test errors"
  std::vector<Bar> bars;
  std::vector<std::string> kinds = {};   ///< what the colours mean
  std::optional<double> reference = {};  ///< where a dashed line stands
  std::string reference_name = {};
  /// Bars that begin at zero. Otherwise points, on an axis that shows how they differ.
  bool from_zero = true;
  /// Where the axis ends, whatever lies beyond: that is an arrow at the end, and a number.
  std::optional<double> axis_end = {};
  int digits = 0;  ///< behind the point
  std::string note = {};

  std::string html() const {
    double height = 0;
    const Svg svg = draw(height);
    return detail::figure(title, note,
                          svg.in_page(height, title + ": " + unit) + detail::numbers(table()));
  }

  /// Charts one below the other, each with its title, as a file of its own: for a document.
  static std::string svg(const std::vector<BarChart>& charts) {
    constexpr double title_height = 26;
    Svg all(width);
    double y = 0;
    std::string label;
    for (const BarChart& chart : charts) {
      double height = 0;
      const Svg one = chart.draw(height);
      all.text(4, y + 19, detail::shortened(chart.title, width - 8), "strong");
      all.add(one, y + title_height);
      y += title_height + height + 8;
      label += (label.empty() ? "" : "; ") + chart.title;
    }
    return all.in_file(y, label);
  }
  std::string svg() const { return svg({*this}); }

  Table table() const {
    Table table{title, {"", unit, "deviation"}, {}};
    for (const Bar& bar : bars)
      table.rows.push_back({bar.name, fixed(bar.value, digits),
                            bar.deviation > 0 ? fixed(bar.deviation, digits + 1) : ""});
    return table;
  }

 private:
  static constexpr double width = 380;
  static constexpr double row = 21;

  std::string number(const Bar& bar) const {
    return fixed(bar.value, digits) +
           (bar.deviation > 0 ? " \xC2\xB1 " + fixed(bar.deviation, digits) : "");
  }

  Svg draw(double& height) const {
    Svg svg(width);
    double names = 40;
    double numbers = 0;
    std::vector<double> ends;
    for (const Bar& bar : bars) {
      names = std::max(names, detail::text_width(bar.name));
      numbers = std::max(numbers, detail::text_width(number(bar)));
      for (const double end : {bar.value - bar.deviation, bar.value + bar.deviation})
        ends.push_back(axis_end ? std::min(end, *axis_end) : end);
    }
    if (reference) ends.push_back(*reference);
    const double left = std::min(names, 170.) + 10;
    const double right = width - std::min(numbers, 110.) - 16;
    const Axis axis = linear_axis(ends, 4, from_zero);
    const auto at = [&](double v) { return left + (right - left) * std::min(axis.at(v), 1.); };

    double top = detail::draw_legend(svg, kinds, 4, 2, false) + 8;
    if (reference && !reference_name.empty()) {
      svg.line(4, top + 2, 24, top + 2, "ref");
      svg.text(30, top + 6, detail::shortened(reference_name, width - 34), "quiet");
      top += 16;
    }
    const double bottom = top + row * static_cast<double>(bars.size()) + 4;
    height = bottom + 38;
    double free = 0;  // from where on the axis has room for a number
    for (const double tick : axis.ticks) {
      svg.line(at(tick), top, at(tick), bottom, "grid");
      const double half = detail::text_width(brief(tick)) / 2;
      if (at(tick) - half < free) continue;
      free = at(tick) + half + 4;
      svg.text(at(tick), bottom + 15, brief(tick), "quiet", "middle");
    }
    svg.text(right, bottom + 32, detail::shortened(unit, right - 4), "quiet", "end");
    if (reference) svg.line(at(*reference), top, at(*reference), bottom, "ref");
    double y = top + 2;
    for (const Bar& bar : bars) {
      draw_bar(svg, bar, y, left, at, bar.value > axis.high);
      y += row;
    }
    return svg;
  }

  template <class At>
  void draw_bar(Svg& svg, const Bar& bar, double y, double left, const At& at,
                bool is_beyond) const {
    const double middle = y + row / 2;
    const double low = at(bar.value - bar.deviation);
    const double high = at(bar.value + bar.deviation);
    svg.open(bar.kind, bar.name + ": " + number(bar) + ' ' + unit);
    svg.rect(0, y, width, row, "hit");
    svg.text(left - 8, middle + 4, detail::shortened(bar.name, left - 10), "", "end");
    if (from_zero) svg.rect(at(0), y + 4, at(bar.value) - at(0), row - 8, "mark");
    if (bar.deviation > 0 && !is_beyond) {
      svg.line(low, middle, high, middle, "whisker");
      for (const double end : {low, high}) svg.line(end, middle - 4, end, middle + 4, "whisker");
    }
    if (is_beyond)
      svg.path('M' + px(high - 6) + ' ' + px(middle - 5) + "l8 5l-8 5z", "mark");
    else if (!from_zero)
      svg.mark(bar.kind, at(bar.value), middle);
    svg.text(width - 4, middle + 4, number(bar), "", "end");
    svg.close();
  }
};

}  // namespace kd::report
