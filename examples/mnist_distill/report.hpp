// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "images.hpp"
#include "options.hpp"
#include "recipe.hpp"
#include "results.hpp"

namespace mnist {

/// What is about to be done: the images, the recipe's figures, the file of the teacher, if it comes
/// from one, and the integers that are trained.
void print_plan(std::ostream& out, const Recipe& recipe, const example::Images& images,
                const Options& options);

/// The table at the end.
void print_table(std::ostream& out, const Results& results);

/// All of it as one JSON object.
std::string to_json(const Recipe& recipe, const example::Images& images, std::uint64_t seed,
                    const Results& results);

}  // namespace mnist
