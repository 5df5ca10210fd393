// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <limits>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// A sample's attention `q` and what its squared features were multiplied by on the way.
template <Real S>
struct Attention {
  S of_features;  ///< one over the largest of them, so that no square is too large or too small
  S of_sums;      ///< one over the length of their sums of squares
};

/// `q = Q / |Q|`, Q the sum of squares of the features `x` over the channels, place by place; all
/// zero for features of zeros.
template <Real S>
Attention<S> attend(VectorView<const S> x, VectorView<S> q) {
  auto sums = array(q);
  sums.setZero();
  const S largest = array(x).abs().template maxCoeff<Eigen::PropagateNaN>();
  if (largest <= std::numeric_limits<S>::min()) return {S(0), S(0)};
  const S of_features = S(1) / largest;
  for (Index at = 0; at < x.size; at += q.size)
    sums += (array(x.slice(at, q.size)) * of_features).square();
  const S of_sums = S(1) / std::sqrt(sums.square().sum());
  sums *= of_sums;
  return {of_features, of_sums};
}

}  // namespace detail

/// Attention transfer (Zagoruyko and Komodakis 2017): `values[b]` = mean over the places of a map
/// of
/// `(q_s - q_t)^2`, `q = Q / |Q|`, `Q = sum of squares over the channels`. Adds `scale` times its
/// gradient to `dstudent`. student, teacher: (channels * area, batch), channels of their own each;
/// `room`: (2 area, batch).
template <Real S>
void op_attention_transfer(const Space&, Index area, MatrixView<const S> student,
                           MatrixView<const S> teacher, S scale, MatrixView<S> dstudent,
                           VectorView<S> values, MatrixView<S> room) {
  const S share = S(1) / static_cast<S>(area);
  parallel_for(student.cols, 4. * static_cast<double>(student.rows + teacher.rows), [&](Index b) {
    const VectorView<S> q{room.data + b * room.rows, area};
    const VectorView<S> gap{q.data + area, area};
    const VectorView<const S> x = student.middle_cols(b, 1).flat();
    const detail::Attention<S> attention = detail::attend(x, q);
    detail::attend(teacher.middle_cols(b, 1).flat(), gap);
    array(gap) = array(q) - array(gap);
    values.data[b] = share * array(gap).square().sum();
    // From the gradient at q to that at Q, which is made of squares.
    const S along = (array(q) * array(gap)).sum();
    array(gap) = (4 * scale * share * attention.of_sums * attention.of_features) *
                 (array(gap) - along * array(q));
    for (Index at = 0; at < x.size; at += area)
      array(VectorView<S>(dstudent.data + b * dstudent.rows + at, area)) +=
          array(gap) * (array(x.slice(at, area)) * attention.of_features);
  });
}

}  // namespace kd::cpu
