// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/activations.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/for_elements.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// What a number costs: most functions take an exponential and a division.
inline constexpr double activation_work = 8;

}  // namespace detail

/// `y = f(x)`, element by element; f is one of `kd::activation`.
template <class F, Real S>
void op_activation_forward(const Space&, F f, VectorView<const S> x, VectorView<S> y) {
  constexpr Index N = simd::width<S>;
  detail::for_chunks(x.size, detail::activation_work, [&](Index at, Index count) {
    detail::for_vectors<S>(at, count, [&](Index i, auto part) {
      part.store(activations::value<N, S>(f, part.load(x.data + i)), y.data + i);
    });
  });
}

/// `dx = f'(x) dy`, written or added; y is `f(x)`.
template <class F, Real S>
void op_activation_backward(const Space&, F f, VectorView<const S> x, VectorView<const S> y,
                            VectorView<const S> dy, VectorView<S> dx, Write write) {
  constexpr Index N = simd::width<S>;
  detail::for_chunks(x.size, detail::activation_work, [&](Index at, Index count) {
    detail::for_vectors<S>(at, count, [&](Index i, auto part) {
      simd::Vector<S, N> gradient =
          activations::slope<N, S>(f, part.load(x.data + i), part.load(y.data + i)) *
          part.load(dy.data + i);
      if (write == Write::add) gradient += part.load(dx.data + i);
      part.store(gradient, dx.data + i);
    });
  });
}

}  // namespace kd::cpu
