// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "kd/report/svg.hpp"

namespace kd::report::detail {

/// About how wide a text is in the font of pictures; wider rather than narrower.
inline double text_width(const std::string& text) {
  double width = 0;
  for (const char c : text)
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80) width += 6.9;
  return width;
}

/// `text` as far as there is room for it, with an ellipsis where it is cut.
inline std::string shortened(const std::string& text, double room) {
  if (text_width(text) <= room) return text;
  std::string_view rest = text;
  std::size_t kept = 0;
  for (double width = text_width("m") * 2; width <= room && !rest.empty();
       width += text_width("m")) {
    const std::size_t length = std::max<std::size_t>(utf8_length(rest), 1);
    kept += length;
    rest.remove_prefix(length);
  }
  return text.substr(0, kept) + "\xE2\x80\xA6";
}

/// Names of series beside their marks, in as many rows as it takes. Gives the place below it.
inline double draw_legend(Svg& svg, const std::vector<std::string>& names, double left, double top,
                          bool with_lines) {
  constexpr double row = 17;
  const double sample = with_lines ? 26 : 14;
  double x = left;
  double y = top;
  for (std::size_t k = 0; k < names.size(); ++k) {
    const std::string name = shortened(names[k], svg.width() - left - sample - 8);
    const double width = sample + 4 + text_width(name) + 12;
    if (x > left && x + width - 12 > svg.width()) x = left, y += row;
    svg.open(static_cast<int>(k));
    if (with_lines) svg.path('M' + px(x) + ' ' + px(y + 8) + 'H' + px(x + sample), "line");
    svg.mark(static_cast<int>(k), x + sample / 2, y + 8);
    svg.close();
    svg.text(x + sample + 4, y + 12, name);
    x += width;
  }
  return names.empty() ? top : y + row;
}

}  // namespace kd::report::detail
