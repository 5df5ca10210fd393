// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
#include <string>

namespace mnist {

/// `number` with so many digits behind the point.
std::string fixed(double number, int digits);

/// 2395210 as "2,395,210".
std::string grouped(kd::Index number);

/// 65 seconds as "1:05".
std::string minutes(double seconds);

/// `text` with blanks on its left (`right`) or its right (`left`) to make it `width` long.
std::string right(const std::string& text, std::size_t width);
std::string left(const std::string& text, std::size_t width);

}  // namespace mnist
