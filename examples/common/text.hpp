// SPDX-License-Identifier: MIT
#pragma once

#include <kd/core/types.hpp>
#include <string>

namespace example {

/// `number` with so many digits behind the point.
std::string fixed(double number, int digits);

/// `number` as a person writes it, such as 0.0005 or 1e-30.
std::string general(double number);

/// 2395210 as "2,395,210".
std::string grouped(kd::Index number);

/// 65 seconds as "1:05".
std::string minutes(double seconds);

/// `text` with blanks on its left (`right`) or its right (`left`) to make it `width` long.
std::string right(const std::string& text, std::size_t width);
std::string left(const std::string& text, std::size_t width);

/// `text` with control characters written out, such as \\x0a, so that it stays on one line.
std::string one_line(const std::string& text);

}  // namespace example
