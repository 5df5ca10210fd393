// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "lesson.hpp"

namespace from_files {

/// How a student's training went, as a page for people to look at. `validation` is of the student
/// that is saved.
std::string to_html(const Options& options, const Lesson& lesson, const kd::FitReport& training,
                    const std::optional<kd::Evaluation>& validation);

}  // namespace from_files
