// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct AddTwo {
  const S* a;
  const S* b;
  S* y;

  template <int N>
  __device__ void apply(Index i) const {
    const Pack<S, N> other = load<N>(b + i);
    Pack<S, N> value = load<N>(a + i);
    for (int k = 0; k < N; ++k) value.v[k] += other.v[k];
    store(y + i, value);
  }
};

}  // namespace detail

/// `y = a + b`
template <Real S>
void op_add(const Space& space, VectorView<const S, Space> a, VectorView<const S, Space> b,
            VectorView<S, Space> y) {
  detail::for_each<S>(space, "add", y.size, detail::AddTwo<S>{a.data, b.data, y.data}, a.data,
                      b.data, y.data);
}

}  // namespace kd::cuda
