// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `y = max(x, 0)`
template <Real S>
void op_relu_forward(const Space&, VectorView<const S> x, VectorView<S> y) {
  detail::for_chunks(x.size, 1, [&](Index at, Index n) {
    array(y.slice(at, n)) = array(x.slice(at, n)).max(S(0));
  });
}

/// `dx = dy where y > 0, else 0` (the gradient at zero is zero, as PyTorch's)
template <Real S>
void op_relu_backward(const Space&, VectorView<const S> y, VectorView<const S> dy, VectorView<S> dx,
                      Write write) {
  // A plain loop, in which compilers see that nothing has to branch: Eigen's `select` has no
  // vectors of its own.
  const auto passed = [&](Index i) {
    const S gradient = dy.data[i];
    return y.data[i] > S(0) ? gradient : S(0);
  };
  detail::for_chunks(y.size, 1, [&](Index at, Index n) {
    if (write == Write::overwrite) {
      for (Index i = at; i < at + n; ++i) dx.data[i] = passed(i);
    } else {
      for (Index i = at; i < at + n; ++i) dx.data[i] += passed(i);
    }
  });
}

}  // namespace kd::cpu
