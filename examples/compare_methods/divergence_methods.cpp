// SPDX-License-Identifier: MIT
#include "logit_methods.hpp"

namespace compare {

template std::vector<Method<Vectors::Narrow>> divergence_methods();
template std::vector<Method<Vectors::Wide>> divergence_methods();

}  // namespace compare
