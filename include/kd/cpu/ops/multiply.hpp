// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/view.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/for_elements.hpp"
#include "kd/cpu/put.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `dx = a b`, element by element
template <Real S>
void op_multiply(const Space&, VectorView<const S> a, VectorView<const S> b, VectorView<S> dx,
                 Write write) {
  detail::for_chunks(a.size, 1, [&](Index at, Index n) {
    detail::for_elements<S>(at, n, [&]<Index N>(detail::Width<N>, Index i) {
      detail::put(simd::load<N>(a.data + i) * simd::load<N>(b.data + i), dx.data[i], write);
    });
  });
}

}  // namespace kd::cpu
