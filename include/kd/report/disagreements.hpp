// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "kd/core/error.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/shape.hpp"
#include "kd/data/dataset.hpp"
#include "kd/report/legend.hpp"
#include "kd/report/number.hpp"
#include "kd/report/svg.hpp"
#include "kd/report/table.hpp"

namespace kd::report {

namespace detail {

/// An image as runs of pixels of the same brightness, of which there are eight.
inline std::string draw_image(const Vector<float>& pixels, const Shape& shape,
                              const std::string& label) {
  constexpr int levels = 8;
  std::array<std::string, levels + 1> runs;
  for (Index y = 0; y < shape.height; ++y)
    for (Index x = 0; x < shape.width;) {
      const auto level = [&](Index at) {
        const float value = pixels(y * shape.width + at);
        return static_cast<int>(std::lround(std::clamp(value, 0.F, 1.F) * levels));
      };
      Index end = x + 1;
      while (end < shape.width && level(end) == level(x)) ++end;
      runs[static_cast<std::size_t>(level(x))] +=
          'M' + std::to_string(x) + ' ' + std::to_string(y) + 'h' + std::to_string(end - x) +
          "v1h-" + std::to_string(end - x) + 'z';
      x = end;
    }
  std::string out = "<svg class=\"digit\" viewBox=\"0 0 " + std::to_string(shape.width) + ' ' +
                    std::to_string(shape.height) + "\" role=\"img\" aria-label=\"" +
                    escaped(label) + "\" shape-rendering=\"crispEdges\">";
  for (int level = 1; level <= levels; ++level)  // the darkest is the ground
    if (!runs[static_cast<std::size_t>(level)].empty())
      out += "<path d=\"" + runs[static_cast<std::size_t>(level)] + "\" fill=\"#fff\" opacity=\"" +
             fixed(static_cast<double>(level) / levels, 3) + "\"/>";
  return out + "</svg>";
}

/// softmax(logits / temperature)
inline Vector<double> soften(const Vector<float>& logits, double temperature) {
  Vector<double> scaled = logits.cast<double>() / temperature;
  scaled = (scaled.array() - scaled.maxCoeff()).exp();
  return scaled / scaled.sum();
}

}  // namespace detail

/// Images on which two students disagree, with the teacher's soft targets as bars at T = 1 and at
/// the temperature of the distillation: what the one has to learn from, and the other has not.
///
/// Logits are (classes, samples), of the samples of `data`. Those that the second student got right
/// come first. Throws `ShapeError` when sizes do not fit, `DataError` when there are no labels.
struct Disagreements {
  Dataset data;
  Shape shape;  ///< of a sample; its first channel is drawn, from 0 for black to 1
  Matrix<float> teacher;
  Matrix<float> first;   ///< such as the student alone
  Matrix<float> second;  ///< such as the same student, distilled
  double temperature = 4;
  std::string first_name = "alone";
  std::string second_name = "distilled";
  std::size_t most = 6;
  std::vector<std::string> class_names = {};  ///< none: their numbers

  std::string html() const {
    check();
    const auto predicted = [](const Matrix<float>& logits, Index sample) {
      Index best = 0;
      logits.col(sample).maxCoeff(&best);
      return best;
    };
    std::vector<Index> samples;
    std::vector<Index> others;
    for (Index i = 0; i < data.size(); ++i)
      if (predicted(first, i) != predicted(second, i))
        (predicted(second, i) == data.labels().data[i] ? samples : others).push_back(i);
    samples.insert(samples.end(), others.begin(), others.end());
    if (samples.size() > most) samples.resize(most);
    std::string out;
    for (const Index i : samples) out += card(i, predicted(first, i), predicted(second, i));
    return out.empty() ? "<p>The two say the same of every sample.</p>\n" : out;
  }

 private:
  void check() const {
    const char* const who = "report::Disagreements";
    if (!data.has_labels())
      throw DataError("report::Disagreements: needs labels, and there are none");
    kd::detail::check_equal(who, "features a sample, as the shape has", shape.features(),
                            data.features());
    for (const Matrix<float>* logits : {&teacher, &first, &second}) {
      kd::detail::check_equal(who, "columns of logits, one for each sample", data.size(),
                              logits->cols());
      kd::detail::check_equal(who, "rows of logits, one for each class", data.classes(),
                              logits->rows());
    }
    if (!class_names.empty())
      kd::detail::check_equal(who, "names, one for each class", data.classes(),
                              static_cast<Index>(class_names.size()));
    kd::detail::check_temperature("report::Disagreements: temperature", temperature);
  }

  std::string name(Index c) const {
    return class_names.empty() ? std::to_string(c) : class_names[static_cast<std::size_t>(c)];
  }

  std::string card(Index sample, Index said_first, Index said_second) const {
    const std::string truth = name(data.labels().data[sample]);
    const Vector<float> pixels = data.slice(sample, 1).inputs().col(0);
    const Vector<double> plain = detail::soften(teacher.col(sample), 1);
    const Vector<double> soft = detail::soften(teacher.col(sample), temperature);
    const std::string what = "test image " + std::to_string(sample);
    const std::string says =
        first_name + ": " + name(said_first) + ", " + second_name + ": " + name(said_second);
    Table table{
        "What the teacher says of " + what, {"class", "T = 1", "T = " + brief(temperature)}, {}};
    for (Index c = 0; c < plain.size(); ++c)
      table.rows.push_back({name(c), fixed(plain(c), 4), fixed(soft(c), 4)});
    return detail::figure("A " + truth, says,
                          detail::draw_image(pixels, shape, what + ", a " + truth) +
                              bars(plain, soft, what) + detail::numbers(table),
                          "sample");
  }

  /// Both distributions side by side, a row for each class.
  std::string bars(const Vector<double>& plain, const Vector<double>& soft,
                   const std::string& what) const {
    constexpr double width = 230;
    constexpr double row = 14;
    double names = 0;
    for (Index c = 0; c < plain.size(); ++c) names = std::max(names, detail::text_width(name(c)));
    const double left = std::min(names, 90.) + 8;
    const double half = (width - left - 8) / 2;
    Svg svg(width);
    const std::string at_one = "T = 1";
    const std::string at_temperature = "T = " + brief(temperature);
    svg.text(left, 11, at_one, "quiet");
    svg.text(left + half + 8, 11, at_temperature, "quiet");
    for (Index c = 0; c < plain.size(); ++c) {
      const double y = 16 + row * static_cast<double>(c);
      svg.text(left - 5, y + 11, detail::shortened(name(c), left - 6), "", "end");
      const auto bar = [&](int k, double x, double share, const std::string& at) {
        svg.open(k, name(c) + ": " + brief(share) + " at " + at);
        svg.rect(x, y, half, row, "hit");
        svg.rect(x, y + 2, std::max(share * half, share > 0.001 ? 1. : 0.), row - 4, "mark");
        svg.close();
      };
      bar(0, left, plain(c), at_one);
      bar(1, left + half + 8, soft(c), at_temperature);
    }
    svg.line(left, 16, left, 16 + row * static_cast<double>(plain.size()), "axis");
    svg.line(left + half + 8, 16, left + half + 8, 16 + row * static_cast<double>(plain.size()),
             "axis");
    return svg.in_page(20 + row * static_cast<double>(plain.size()),
                       "The teacher's soft targets for " + what);
  }
};

}  // namespace kd::report
