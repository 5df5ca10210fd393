// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "kd/report/escape.hpp"
#include "kd/report/number.hpp"
#include "kd/report/style.hpp"

namespace kd::report {

/// A picture that is written part by part, top left is (0, 0). How parts look follows from their
/// classes, in `style.hpp`.
class Svg {
 public:
  explicit Svg(double width) : width_(width) {}

  double width() const { return width_; }

  void text(double x, double y, std::string_view words, const char* classes = "",
            const char* anchor = "start") {
    add("<text x=\"", px(x), "\" y=\"", px(y), "\" class=\"", classes, "\" text-anchor=\"", anchor,
        "\">", escaped(words), "</text>");
  }
  void line(double x1, double y1, double x2, double y2, const char* classes) {
    add("<line x1=\"", px(x1), "\" y1=\"", px(y1), "\" x2=\"", px(x2), "\" y2=\"", px(y2),
        "\" class=\"", classes, "\"/>");
  }
  void rect(double x, double y, double width, double height, const char* classes) {
    add("<rect x=\"", px(x), "\" y=\"", px(y), "\" width=\"", px(std::max(width, 0.)),
        "\" height=\"", px(height), "\" class=\"", classes, "\"/>");
  }
  void path(const std::string& d, const char* classes, const std::string& more = "") {
    add("<path d=\"", d, "\" class=\"", classes, "\" ", more, "/>");
  }
  /// The mark of series `k`, counted from 0, which differ in shape.
  void mark(int k, double x, double y) {
    const auto at = [&](double dx, double dy) { return px(x + dx) + ' ' + px(y + dy); };
    switch (k % 4) {
      case 0:
        return add("<circle cx=\"", px(x), "\" cy=\"", px(y), "\" r=\"3.2\" class=\"mark\"/>");
      case 1:
        return rect(x - 3, y - 3, 6, 6, "mark");
      case 2:
        return path('M' + at(0, -4) + 'L' + at(4, 3) + 'L' + at(-4, 3) + 'Z', "mark");
      default:
        return path(
            'M' + at(0, -4.2) + 'L' + at(4.2, 0) + 'L' + at(0, 4.2) + 'L' + at(-4.2, 0) + 'Z',
            "mark");
    }
  }

  /// What follows, up to `close`, is one thing of series `k`; pointed at, it says `title`.
  void open(int k, std::string_view title = "") {
    add("<g class=\"s", std::to_string(k % detail::series_colours + 1), "\">");
    if (!title.empty()) add("<title>", escaped(title), "</title>");
  }
  void close() { add("</g>"); }

  /// All of another picture, moved down by `y`.
  void add(const Svg& other, double y) {
    add("<g transform=\"translate(0 ", px(y), ")\">", other.body_, "</g>\n");
  }

  /// For a page, of which it has the colours. `label` is what a screen reader says.
  std::string in_page(double height, std::string_view label) const {
    return head(height, label) + '>' + body_ + "</svg>";
  }

  /// A file of its own, in light and dark.
  std::string in_file(double height, std::string_view label) const {
    std::string file = head(height, label) + " xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
                       px(width_) + "\" height=\"" + px(height) + "\"><style>svg{";
    file += detail::colours;
    file += "}@media(prefers-color-scheme:dark){svg{";
    file += detail::dark_colours;
    file += "}}";
    file += detail::chart_style;
    return file + "</style><rect width=\"100%\" height=\"100%\" style=\"fill:var(--paper)\"/>" +
           body_ + "</svg>\n";
  }

 private:
  template <class... Parts>
  void add(Parts&&... parts) {
    ((body_ += std::forward<Parts>(parts)), ...);
  }

  std::string head(double height, std::string_view label) const {
    return "<svg class=\"chart\" viewBox=\"0 0 " + px(width_) + ' ' + px(height) +
           "\" role=\"img\" aria-label=\"" + escaped(label) + '"';
  }

  double width_;
  std::string body_;
};

}  // namespace kd::report
