// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/parallel.hpp"
#include "kd/core/view.hpp"
#include "kd/cpu/prefetch.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// `to = scale from`; a plain loop, which compilers turn into vector code and Eigen does not (it
/// has no vectors from bytes to floats).
template <class T, Real S>
void widen(const T* from, Index size, S scale, S* to) {
  for (Index i = 0; i < size; ++i) to[i] = static_cast<S>(from[i]) * scale;
}

}  // namespace detail

/// `out[:, b] = scale samples[:, indices[b] - first_sample]`, converted from the samples' type
/// (8-bit pixels are widened here, so that a data set stays a quarter of the size).
template <class T, Real S>
void op_gather(const Space&, MatrixView<const T> samples, VectorView<const Index> indices, S scale,
               MatrixView<S> out, Index first_sample = 0) {
  constexpr Index samples_a_task = 16;
  const Index tasks = (indices.size + samples_a_task - 1) / samples_a_task;
  const double work = 1.5 * samples_a_task * static_cast<double>(out.rows);
  parallel_for(tasks, work, [&](Index task) {
    const Index first = task * samples_a_task;
    const Index last = std::min(indices.size, first + samples_a_task);
    const auto sample = [&](Index b) {
      return samples.data + (indices.data[b] - first_sample) * samples.rows;
    };
    // Samples of a shuffled set are never in cache, and no hardware guesses where the next one
    // lies.
    for (Index b = first; b < last; ++b) prefetch(sample(b), samples.rows);
    for (Index b = first; b < last; ++b)
      detail::widen(sample(b), samples.rows, scale, out.data + b * out.rows);
  });
}

/// `out[b] = labels[indices[b]]`
inline void op_gather_labels(const Space&, VectorView<const Label> labels,
                             VectorView<const Index> indices, VectorView<Label> out) {
  for (Index b = 0; b < indices.size; ++b) out.data[b] = labels.data[indices.data[b]];
}

}  // namespace kd::cpu
