// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/parallel.hpp"
#include "kd/core/view.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// `to = scale from`; a plain loop, which compilers turn into vector code and Eigen does not (it
/// has no vectors from bytes to floats).
template <class T, Real S>
void widen(const T* from, Index size, S scale, S* to) {
  for (Index i = 0; i < size; ++i) to[i] = static_cast<S>(from[i]) * scale;
}

/// Asks for a sample that is gathered a little later: samples of a shuffled set are never in cache,
/// and no hardware guesses where the next one lies.
template <class T>
void prefetch(const T* sample, Index size) {
#if defined(__GNUC__)
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  constexpr Index most = 32 * line;  // of longer samples the hardware finds the rest
  for (Index i = 0; i < size && i < most; i += line) __builtin_prefetch(sample + i);
#else
  (void)sample, (void)size;
#endif
}

}  // namespace detail

/// `out[:, b] = scale samples[:, indices[b]]`, converted from the samples' type (8-bit pixels are
/// widened here, so that a data set stays a quarter of the size).
template <class T, Real S>
void op_gather(const Space&, MatrixView<const T> samples, VectorView<const Index> indices, S scale,
               MatrixView<S> out) {
  constexpr Index ahead = 4;
  parallel_for(indices.size, 1.5 * static_cast<double>(out.rows), [&](Index b) {
    const auto sample = [&](Index i) { return samples.data + indices.data[i] * samples.rows; };
    if (b + ahead < indices.size) detail::prefetch(sample(b + ahead), samples.rows);
    detail::widen(sample(b), samples.rows, scale, out.data + b * out.rows);
  });
}

/// `out[b] = labels[indices[b]]`
inline void op_gather_labels(const Space&, VectorView<const Label> labels,
                             VectorView<const Index> indices, VectorView<Label> out) {
  for (Index b = 0; b < indices.size; ++b) out.data[b] = labels.data[indices.data[b]];
}

}  // namespace kd::cpu
