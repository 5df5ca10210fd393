// SPDX-License-Identifier: MIT
#include "schemes.hpp"

namespace compare {

template std::vector<Method<Vectors::Narrow>> schemes();
template std::vector<Method<Vectors::Wide>> schemes();

}  // namespace compare
