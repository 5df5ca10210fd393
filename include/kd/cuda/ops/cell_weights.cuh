// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

struct RepeatLabels {
  const Label* samples;
  Index times;
  Label* cells;

  template <int>
  __device__ void apply(Index i) const {
    cells[i] = samples[i / times];
  }
};

template <Real S>
struct CellWeights {
  const Label* whole;
  const Label* cells;
  Index times;
  S consistent, complementary;
  S* weights;

  template <int>
  __device__ void apply(Index i) const {
    weights[i] = cells[i] == whole[i / times] ? consistent : complementary;
  }
};

}  // namespace detail

/// `cells[b times + r] = samples[b]`: what is known of a sample, for each of its cells.
inline void op_repeat(const Space& space, VectorView<const Label, Space> samples,
                      VectorView<Label, Space> cells) {
  const Index times = samples.size == 0 ? 0 : cells.size / samples.size;
  detail::for_each_alone(space, "repeat labels", cells.size,
                         detail::RepeatLabels{samples.data, times, cells.data});
}

/// `weights[b times + r]`: `consistent` where a cell is of the class that the whole sample is of,
/// else `complementary`.
template <Real S>
void op_cell_weights(const Space& space, VectorView<const Label, Space> whole,
                     VectorView<const Label, Space> cells, S consistent, S complementary,
                     VectorView<S, Space> weights) {
  const Index times = whole.size == 0 ? 0 : cells.size / whole.size;
  detail::for_each_alone(space, "cell weights", cells.size,
                         detail::CellWeights<S>{whole.data, cells.data, times, consistent,
                                                complementary, weights.data});
}

}  // namespace kd::cuda
