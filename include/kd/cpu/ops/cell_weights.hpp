// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/view.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `cells[b times + r] = samples[b]`: what is known of a sample, for each of its cells.
inline void op_repeat(const Space&, VectorView<const Label> samples, VectorView<Label> cells) {
  const Index times = samples.size == 0 ? 0 : cells.size / samples.size;
  for (Index i = 0; i < cells.size; ++i) cells.data[i] = samples.data[i / times];
}

/// `weights[b times + r]`: `consistent` where a cell is of the class that the whole sample is of,
/// else `complementary`.
template <Real S>
void op_cell_weights(const Space&, VectorView<const Label> whole, VectorView<const Label> cells,
                     S consistent, S complementary, VectorView<S> weights) {
  const Index times = whole.size == 0 ? 0 : cells.size / whole.size;
  for (Index i = 0; i < cells.size; ++i)
    weights.data[i] = cells.data[i] == whole.data[i / times] ? consistent : complementary;
}

}  // namespace kd::cpu
