// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `y = a + b`
template <Real S>
void op_add(const Space&, VectorView<const S> a, VectorView<const S> b, VectorView<S> y) {
  detail::for_chunks(y.size, 1, [&](Index at, Index n) {
    array(y.slice(at, n)) = array(a.slice(at, n)) + array(b.slice(at, n));
  });
}

}  // namespace kd::cpu
