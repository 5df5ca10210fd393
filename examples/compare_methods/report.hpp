// SPDX-License-Identifier: MIT
#pragma once

#include <iosfwd>
#include <string>

#include "comparison.hpp"

namespace compare {

void print_plan(std::ostream& out, const Figures& figures, const example::Images& images);

/// The table grows line by line while students are trained.
void print_head(std::ostream& out, const StudentResult& student);
void print_row(std::ostream& out, const MethodResult& result);

std::string to_json(const example::Images& images, const Results& results);

}  // namespace compare
