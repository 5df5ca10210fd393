// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// Distances (batch, batch) and one over them, which stand side by side in (batch, 2 batch).
template <class T>
struct Pairs {
  explicit Pairs(MatrixView<T> both)
      : d(both.left_cols(both.rows)), inverse(both.middle_cols(both.rows, both.rows)) {}
  MatrixView<T> d;
  MatrixView<T> inverse;  ///< 1 / d, 0 where two samples are equal
};

}  // namespace detail

/// The distances of features (features, batch) and one over them: (batch, 2 batch). Equal samples
/// have no direction from one to the other, and their distance has no gradient. Distances below
/// the rounding of features, epsilon of the mean distance, are inverted as if they were that long,
/// so that a direction vanishes by and by.
template <Real S>
void op_pair_distances(const Space&, MatrixView<const S> features, MatrixView<S> distances) {
  const detail::Pairs<S> out(distances);
  const Index batch = features.cols;
  parallel_for(batch, 3. * static_cast<double>(features.size()), [&](Index j) {
    for (Index i = 0; i < batch; ++i)
      out.d.data[i + j * batch] = (map(features).col(i) - map(features).col(j)).norm();
  });
  const S mean = map(out.d).sum() / static_cast<S>(batch * (batch - 1));
  const auto d = array(out.d.flat());
  array(out.inverse.flat()) =
      (d > S(0)).select(d.max(std::numeric_limits<S>::epsilon() * mean).inverse(), S(0));
}

}  // namespace kd::cpu
