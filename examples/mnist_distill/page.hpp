// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "images.hpp"
#include "recipe.hpp"
#include "results.hpp"

namespace mnist {

/// The results as a page for people to look at.
std::string to_html(const Recipe& recipe, const example::Images& images, const Results& results);

}  // namespace mnist
