// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/view.hpp"
#include "kd/cpu/for_elements.hpp"
#include "kd/cpu/put.hpp"
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
    const S* const from = gradient.data + b * gradient.rows;
    S* const to = dx.data + b * dx.rows;
    if (weight != S(0)) {
      detail::for_elements<S>(0, dx.rows, [&]<Index N>(detail::Width<N>, Index i) {
        detail::put(weight * simd::load<N>(from + i), to[i], write);
      });
    } else if (write == Write::overwrite) {
      std::fill_n(to, dx.rows, S(0));
    }
  }
}

}  // namespace kd::cpu
