// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct Multiply {
  const S* a;
  const S* b;
  S* dx;
  Write write;

  template <int N>
  __device__ void apply(Index i) const {
    const Pack<S, N> other = load<N>(b + i);
    Pack<S, N> value = load<N>(a + i);
    for (int k = 0; k < N; ++k) value.v[k] *= other.v[k];
    put(dx + i, value, write);
  }
};

}  // namespace detail

/// `dx = a b`, element by element
template <Real S>
void op_multiply(const Space& space, VectorView<const S, Space> a, VectorView<const S, Space> b,
                 VectorView<S, Space> dx, Write write) {
  detail::for_each<S>(space, "multiply", a.size,
                      detail::Multiply<S>{a.data, b.data, dx.data, write}, a.data, b.data, dx.data);
}

}  // namespace kd::cuda
