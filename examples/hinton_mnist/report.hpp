// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "images.hpp"
#include "recipe.hpp"
#include "results.hpp"

namespace hinton {

/// The results as a page for people to look at. Curves, confusion and images are the first seed's.
std::string to_html(const Recipe& recipe, const example::Images& images,
                    const std::vector<SeedResults>& seeds);

}  // namespace hinton
