// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "comparison.hpp"

namespace compare {

/// The errors of every method as an SVG image: a bar for the mean, a line across its end for the
/// deviation, and a dashed line where the student alone is.
std::string bar_chart(const Results& results);

}  // namespace compare
