// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct ReluForward {
  const S* x;
  S* y;

  template <int N>
  __device__ void apply(Index i) const {
    Pack<S, N> value = load<N>(x + i);
    // Written so that NaN stays NaN and shows in the loss.
    for (int k = 0; k < N; ++k) value.v[k] = value.v[k] < S(0) ? S(0) : value.v[k];
    store(y + i, value);
  }
};

template <Real S>
struct ReluBackward {
  const S* y;
  const S* dy;
  S* dx;
  Write write;

  template <int N>
  __device__ void apply(Index i) const {
    const Pack<S, N> out = load<N>(y + i);
    Pack<S, N> value = load<N>(dy + i);
    for (int k = 0; k < N; ++k) value.v[k] = out.v[k] > S(0) ? value.v[k] : S(0);
    put(dx + i, value, write);
  }
};

}  // namespace detail

/// `y = max(x, 0)`
template <Real S>
void op_relu_forward(const Space& space, VectorView<const S, Space> x, VectorView<S, Space> y) {
  detail::for_each<S>(space, "relu forward", x.size, detail::ReluForward<S>{x.data, y.data}, x.data,
                      y.data);
}

/// `dx = dy where y > 0, else 0`
template <Real S>
void op_relu_backward(const Space& space, VectorView<const S, Space> y,
                      VectorView<const S, Space> dy, VectorView<S, Space> dx, Write write) {
  detail::for_each<S>(space, "relu backward", y.size,
                      detail::ReluBackward<S>{y.data, dy.data, dx.data, write}, y.data, dy.data,
                      dx.data);
}

}  // namespace kd::cuda
