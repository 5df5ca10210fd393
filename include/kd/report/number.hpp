// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cmath>
#include <string>

#include "kd/core/finite.hpp"

namespace kd::report {

/// `value` with so many digits behind the point, whatever the locale is.
inline std::string fixed(double value, int digits) {
  if (!kd::detail::is_finite(value)) return "no number";
  char text[400];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits);
  std::string number(text, end.ptr);
  return number.find_first_not_of("-0.") == std::string::npos && number[0] == '-' ? number.substr(1)
                                                                                  : number;
}

/// `value` with the digits that tell it from others, four at most: 0.0123, 98.21, 1e-12.
inline std::string brief(double value) {
  if (!kd::detail::is_finite(value)) return "no number";
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general,
                                 std::abs(value) >= 1000 && std::abs(value) < 1e7 ? 7 : 4);
  return {text, end.ptr};
}

/// A coordinate in a picture.
inline std::string px(double value) {
  std::string number = fixed(value, 1);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return number;
}

}  // namespace kd::report
