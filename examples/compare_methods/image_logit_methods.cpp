// SPDX-License-Identifier: MIT
#include "logit_methods.hpp"

namespace compare {

template std::vector<Method<Images::Student>> logit_methods();

}  // namespace compare
