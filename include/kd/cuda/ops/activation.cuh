// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/activations.cuh"
#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

template <class F, Real S>
struct ActivationForward {
  F f;
  const S* x;
  S* y;

  template <int N>
  __device__ void apply(Index i) const {
    Pack<S, N> at = load<N>(x + i);
    for (int k = 0; k < N; ++k) at.v[k] = activations::value(f, at.v[k]);
    store(y + i, at);
  }
};

template <class F, Real S>
struct ActivationBackward {
  F f;
  const S* x;
  const S* y;
  const S* dy;
  S* dx;
  Write write;

  template <int N>
  __device__ void apply(Index i) const {
    const Pack<S, N> at = load<N>(x + i);
    const Pack<S, N> out = load<N>(y + i);
    Pack<S, N> gradient = load<N>(dy + i);
    for (int k = 0; k < N; ++k) gradient.v[k] *= activations::slope(f, at.v[k], out.v[k]);
    put(dx + i, gradient, write);
  }
};

}  // namespace detail

/// `y = f(x)`, element by element; f is one of `kd::activation`.
template <class F, Real S>
void op_activation_forward(const Space& space, F f, VectorView<const S, Space> x,
                           VectorView<S, Space> y) {
  detail::for_each<S>(space, "activation forward", x.size,
                      detail::ActivationForward<F, S>{f, x.data, y.data}, x.data, y.data);
}

/// `dx = f'(x) dy`, written or added; y is `f(x)`.
template <class F, Real S>
void op_activation_backward(const Space& space, F f, VectorView<const S, Space> x,
                            VectorView<const S, Space> y, VectorView<const S, Space> dy,
                            VectorView<S, Space> dx, Write write) {
  const detail::ActivationBackward<F, S> body{f, x.data, y.data, dy.data, dx.data, write};
  constexpr const char* name = "activation backward";
  // What GELU computes of two doubles does not fit the registers, and hides what a pack would save.
  if constexpr (sizeof(S) == 8)
    detail::for_each_alone(space, name, x.size, body);
  else
    detail::for_each<S>(space, name, x.size, body, x.data, y.data, dy.data, dx.data);
}

}  // namespace kd::cuda
