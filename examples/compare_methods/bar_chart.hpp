// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "comparison.hpp"

namespace compare {

/// The errors of every method as an SVG image: a mark for the mean, a line through it for the
/// deviation, and a dashed line where the student alone is; what is far worse is an arrow.
std::string bar_chart(const Results& results);

}  // namespace compare
