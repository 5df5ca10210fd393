// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

/// `to = w from` for columns of `rows` numbers each, 0 where w is.
template <Real S>
struct Weigh {
  const S* weights;
  Index rows;
  const S* from;
  S* to;
  Write write;

  template <int N>
  __device__ void apply(Index i) const {
    Pack<S, N> value = load<N>(from + i);
    for (int k = 0; k < N; ++k) {
      const S weight = weights[(i + k) / rows];
      value.v[k] = weight == S(0) ? S(0) : weight * value.v[k];
    }
    put(to + i, value, write);
  }
};

}  // namespace detail

/// `dx[:, b] = w_b gradient[:, b]`, written or added, and `values[b] *= w_b`, each unless it is
/// empty; what has no weight is 0, whatever it was. dx may be the gradient itself.
template <Real S>
void op_weigh(const Space& space, VectorView<const S, Space> weights,
              MatrixView<const S, Space> gradient, MatrixView<S, Space> dx, Write write,
              VectorView<S, Space> values) {
  detail::for_each<S>(space, "weigh values", values.size,
                      detail::Weigh<S>{weights.data, 1, values.data, values.data, Write::overwrite},
                      values.data);
  if (dx.empty()) return;
  detail::for_each<S>(space, "weigh", dx.size(),
                      detail::Weigh<S>{weights.data, dx.rows, gradient.data, dx.data, write},
                      gradient.data, dx.data);
}

}  // namespace kd::cuda
