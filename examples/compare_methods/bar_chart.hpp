// SPDX-License-Identifier: MIT
#pragma once

#include <kd/report/bar_chart.hpp>
#include <string>

#include "comparison.hpp"

namespace compare {

/// The errors of every method: a mark for the mean, a line through it for the deviation, and a
/// dashed line where the student alone is; what is far worse is an arrow.
kd::report::BarChart bar_chart(const StudentResult& student);

/// Those of all students, as an SVG image.
std::string bar_charts(const Results& results);

}  // namespace compare
