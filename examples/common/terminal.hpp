// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace example {

/// How many columns the terminal has that standard output goes to; 0: it goes elsewhere, or to a
/// terminal that cannot take a line back.
std::size_t terminal_columns();

/// Takes back the line that the cursor stands in.
inline constexpr const char* clear_line = "\r\x1b[K";

/// What a moving line of progress shows.
struct ProgressBar {
  std::string name;
  std::size_t name_width;  ///< blanks behind shorter names, where there is room
  double done;             ///< 0 to 1
  std::string rate;        ///< such as " 12,000 images/s", with its blanks in front
  std::string left;        ///< such as " 1:05 left"
};

/// The line, shorter than `columns`, because the cursor needs one: what has no room is left out.
std::string line(const ProgressBar& bar, std::size_t columns);

}  // namespace example
