// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/matrix.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `y = x` or `y += x`
template <Real S>
void op_copy(const Space&, VectorView<const S> x, VectorView<S> y, Write write) {
  if (write == Write::overwrite) {
    std::copy_n(x.data, x.size, y.data);
  } else {
    map(y) += map(x);
  }
}

}  // namespace kd::cpu
