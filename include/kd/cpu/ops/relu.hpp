// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/view.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/for_elements.hpp"
#include "kd/cpu/put.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// `y = max(x, 0)`; NaN stays NaN.
template <Real S>
void rectify(const S* x, S* y, Index count) {
  for_elements<S>(0, count, [&]<Index N>(Width<N>, Index i) {
    const simd::Vector<S, N> values = simd::load<N>(x + i), zero{};
    simd::store(zero > values ? zero : values, y + i);
  });
}

}  // namespace detail

/// `y = max(x, 0)`
template <Real S>
void op_relu_forward(const Space&, VectorView<const S> x, VectorView<S> y) {
  detail::for_chunks(x.size, 1,
                     [&](Index at, Index n) { detail::rectify(x.data + at, y.data + at, n); });
}

/// `dx = dy where y > 0, else 0` (the gradient at zero is zero, as PyTorch's)
template <Real S>
void op_relu_backward(const Space&, VectorView<const S> y, VectorView<const S> dy, VectorView<S> dx,
                      Write write) {
  detail::for_chunks(y.size, 1, [&](Index at, Index n) {
    detail::for_elements<S>(at, n, [&]<Index N>(detail::Width<N>, Index i) {
      const simd::Vector<S, N> gradient = simd::load<N>(dy.data + i), zero{};
      detail::put(simd::load<N>(y.data + i) > zero ? gradient : zero, dx.data[i], write);
    });
  });
}

}  // namespace kd::cpu
