// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "images.hpp"
#include "recipe.hpp"
#include "results.hpp"

namespace image {

/// The results as a page for people to look at.
std::string to_html(const Recipe& recipe, const example::Images& images, std::uint64_t seed,
                    const Results& results);

}  // namespace image
