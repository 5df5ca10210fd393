// SPDX-License-Identifier: MIT
#pragma once

#include "methods.hpp"

namespace compare {

/// Those that compare maps with maps, places with places.
std::vector<Method<Images::Student>> place_methods();

/// Those that compare samples: how they lie to each other by their maps, or by the means of these.
std::vector<Method<Images::Student>> relation_methods();

}  // namespace compare
