// SPDX-License-Identifier: MIT
#pragma once

#include "lesson.hpp"
#include "outputs.hpp"

namespace from_files {

/// Says what is about to be done.
void print_plan(const Options& options, const Lesson& lesson);

/// Trains the student, says how that gets on and how it ended, and saves it.
void run(const Options& options, const Lesson& lesson, example::Outputs& outputs);

}  // namespace from_files
