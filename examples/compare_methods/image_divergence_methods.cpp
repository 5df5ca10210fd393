// SPDX-License-Identifier: MIT
#include "logit_methods.hpp"

namespace compare {

template std::vector<Method<Images::Student>> divergence_methods();

}  // namespace compare
