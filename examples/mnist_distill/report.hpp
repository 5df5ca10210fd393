// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "images.hpp"
#include "recipe.hpp"
#include "results.hpp"

namespace mnist {

/// What is about to be done: the images, the recipe's figures, and the file of the teacher, if it
/// comes from one.
void print_plan(std::ostream& out, const Recipe& recipe, const example::Images& images,
                std::uint64_t seed, const std::optional<std::string>& teacher);

/// The table at the end.
void print_table(std::ostream& out, const Results& results);

/// All of it as one JSON object.
std::string to_json(const Recipe& recipe, const example::Images& images, std::uint64_t seed,
                    const Results& results);

}  // namespace mnist
