// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "comparison.hpp"

namespace compare {

/// The results as a page for people to look at: a chart and a table for each student.
std::string to_html(const Figures& figures, const example::Images& images, const Results& results);

}  // namespace compare
