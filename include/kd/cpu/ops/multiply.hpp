// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `dx = a b`, element by element
template <Real S>
void op_multiply(const Space&, VectorView<const S> a, VectorView<const S> b, VectorView<S> dx,
                 Write write) {
  detail::for_chunks(a.size, 1, [&](Index at, Index n) {
    if (write == Write::overwrite) {
      array(dx.slice(at, n)) = array(a.slice(at, n)) * array(b.slice(at, n));
    } else {
      array(dx.slice(at, n)) += array(a.slice(at, n)) * array(b.slice(at, n));
    }
  });
}

}  // namespace kd::cpu
