// SPDX-License-Identifier: MIT
#include "logit_methods.hpp"

namespace compare {

template std::vector<Method<Vectors::Narrow>> logit_methods();
template std::vector<Method<Vectors::Wide>> logit_methods();

}  // namespace compare
