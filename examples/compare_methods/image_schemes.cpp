// SPDX-License-Identifier: MIT
#include "schemes.hpp"

namespace compare {

template std::vector<Method<Images::Student>> schemes();

}  // namespace compare
