// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "images.hpp"
#include "recipe.hpp"
#include "results.hpp"

namespace mnist {

/// Trains the teacher, the student alone and the student distilled, and shows progress.
///
/// Both students start from the same weights and see the same shuffles: they differ in what they
/// learn from, and in the recipe's figures.
Results run(const Recipe& recipe, const example::Images& images, std::uint64_t seed);

}  // namespace mnist
