// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `dx[:, b] = w_b gradient[:, b]`, written or added, and `values[b] *= w_b`, each unless it is
/// empty; what has no weight is 0, whatever it was. dx may be the gradient itself.
template <Real S>
void op_weigh(const Space&, VectorView<const S> weights, MatrixView<const S> gradient,
              MatrixView<S> dx, Write write, VectorView<S> values) {
  for (Index b = 0; b < weights.size; ++b) {
    const S weight = weights.data[b];
    if (!values.empty()) values.data[b] = weight == S(0) ? S(0) : weight * values.data[b];
    if (dx.empty()) continue;
    const auto from = array(gradient.middle_cols(b, 1).flat());
    auto to = array(dx.middle_cols(b, 1).flat());
    if (weight == S(0)) {
      if (write == Write::overwrite) to.setZero();
    } else if (write == Write::overwrite) {
      to = weight * from;
    } else {
      to += weight * from;
    }
  }
}

}  // namespace kd::cpu
