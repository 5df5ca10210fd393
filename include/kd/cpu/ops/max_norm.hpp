// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/guard.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// Shortens each column of `weights`, the incoming weights of a unit, to a length of `max_norm`
/// where it is longer. Its square must be far from the smallest number. A unit is one thread's.
template <Real S>
void op_max_norm(const Space&, MatrixView<S> weights, S max_norm, Guard<> guard) {
  if (*guard.data != 0) return;
  parallel_for(weights.cols, 2. * static_cast<double>(weights.rows), [&](Index unit) {
    auto w = map(weights).col(unit);
    if (w.squaredNorm() <= max_norm * max_norm) return;
    w *= max_norm / w.stableNorm();  // squares may have overflowed
  });
}

}  // namespace kd::cpu
