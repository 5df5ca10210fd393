// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct Add {
  const S* x;
  S* y;

  template <int N>
  __device__ void apply(Index i) const {
    put(y + i, load<N>(x + i), Write::add);
  }
};

}  // namespace detail

/// `y = x` or `y += x`
template <Real S>
void op_copy(const Space& space, VectorView<const S, Space> x, VectorView<S, Space> y,
             Write write) {
  if (write == Write::overwrite) {
    space.copy(y.data, x.data, static_cast<std::size_t>(x.size) * sizeof(S));
  } else {
    detail::for_each<S>(space, "add", x.size, detail::Add<S>{x.data, y.data}, x.data, y.data);
  }
}

}  // namespace kd::cuda
