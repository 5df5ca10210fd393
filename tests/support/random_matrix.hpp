// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/core/random.hpp"

namespace kd::test {

/// Uniform in `(-size, size)`; what a seed gives never changes.
template <class S>
Matrix<S> random_matrix(Index rows, Index cols, std::uint64_t seed, double size = 1) {
  Rng rng(seed);
  Matrix<S> x(rows, cols);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<S>(rng.symmetric(size));
  return x;
}

/// Classes in `[0, classes)`.
inline Labels random_labels(Index samples, Index classes, std::uint64_t seed) {
  Rng rng(seed);
  Labels labels(samples);
  for (Index i = 0; i < samples; ++i) labels(i) = static_cast<Label>(rng.below(classes));
  return labels;
}

}  // namespace kd::test
