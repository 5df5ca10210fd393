// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/ops/pair_distances.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/space.hpp"

/// Relational distillation (Park et al. 2019) from the distances between samples.
///
/// The angle at sample i between those to j and k follows from three distances,
/// `cos = (d_ij^2 + d_ik^2 - d_jk^2) / (2 d_ij d_ik)`, so that of the `batch^3` angles none has to
/// be kept, and no difference of features either: the gradient is `sum_i pull_ij (f_i - f_j)` at
/// sample j, where `pull` (batch, batch) collects what both losses say. Of two distances very
/// unlike this would be a small difference of large squares, so there the features are asked.
namespace kd::cpu {

namespace detail {

/// Features (features, batch) and the distances between them, from which come the cosines at
/// sample i between those to j and to all.
template <Real S>
class Corners {
 public:
  Corners(MatrixView<const S> features, MatrixView<const S> distances)
      : features_(features), pairs_(distances) {}

  S inverse(Index i, Index j) const { return pairs_.inverse.data[i + j * pairs_.d.rows]; }
  auto inverse_to_all(Index i) const { return map(pairs_.inverse).col(i).array(); }

  /// Whether some of the distances from sample i are too unlike for the law of cosines.
  bool is_uneven(Index i) const {
    S most = S(0);
    S least = std::numeric_limits<S>::max();
    for (Index k = 0; k < pairs_.d.rows; ++k) {
      if (k == i) continue;
      most = std::max(most, pairs_.d.data[k + i * pairs_.d.rows]);
      least = std::min(least, pairs_.d.data[k + i * pairs_.d.rows]);
    }
    return !(most <= unlike * least);
  }

  template <class Row>
  void cosines(Index i, Index j, bool uneven, Row& out) const {
    const auto to_all = map(pairs_.d).col(i).array();
    const S to_j = to_all(j);
    const S inverse_to_j = S(0.5) * inverse(i, j);
    out = S(0.5) * to_j * inverse_to_all(i) +
          inverse_to_j * (to_all - inverse_to_all(i) * map(pairs_.d).col(j).array().square());
    if (!uneven || i == j) return;
    const auto own = map(features_).col(i);
    for (Index k = 0; k < to_all.size(); ++k)
      if (k != i && !(to_all(k) <= unlike * to_j && to_j <= unlike * to_all(k)))
        out(k) = (map(features_).col(j) - own).dot(map(features_).col(k) - own) *
                 (inverse(i, j) * inverse(i, k));
  }

 private:
  static constexpr S unlike = S(8);  ///< the law of cosines loses so many units in the last place

  MatrixView<const S> features_;
  Pairs<const S> pairs_;
};

}  // namespace detail

/// `values[j] = sum_i l(d_ij / mean(d) - t_ij / mean(t)) / B`, l being the smooth L1 loss and the
/// means taken over pairs of different samples. Adds to `pull`; `slopes` (batch, batch) is room.
template <Real S>
void op_relational_distance(const Space&, MatrixView<const S> student_distances,
                            MatrixView<const S> teacher_distances, S scale, MatrixView<S> pull,
                            MatrixView<S> slopes, VectorView<S> values) {
  const detail::Pairs<const S> student(student_distances);
  const detail::Pairs<const S> teacher(teacher_distances);
  const Index batch = pull.cols;
  const S pairs = static_cast<S>(batch * (batch - 1));
  const auto inverse_mean = [&](MatrixView<const S> d) {
    const S sum = map(d).sum();
    return sum > S(0) ? pairs / sum : S(0);
  };
  const S s = inverse_mean(student.d);
  const S t = inverse_mean(teacher.d);
  for (Index j = 0; j < batch; ++j) {
    const auto gap = map(student.d).col(j).array() * s - map(teacher.d).col(j).array() * t;
    auto slope = map(slopes).col(j).array();
    slope = gap.max(S(-1)).min(S(1));
    values.data[j] = (slope * (gap - S(0.5) * slope)).sum() / static_cast<S>(batch);
  }
  // A distance counts by itself and, for all of them, through the mean.
  const auto slope = array(slopes.flat());
  const S through_mean = s * (slope * array(student.d.flat())).sum() / pairs;
  array(pull.flat()) += (S(-2) * scale * s / static_cast<S>(batch)) * (slope - through_mean) *
                        array(student.inverse.flat());
}

/// `values[j] = sum_ik l(cos_ijk - cos^t_ijk) / B^2` over the angles at i between j and k. Adds to
/// `pull`; `edges` (batch, batch) is room.
template <Real S>
void op_relational_angle(const Space&, MatrixView<const S> student_features,
                         MatrixView<const S> student_distances,
                         MatrixView<const S> teacher_features,
                         MatrixView<const S> teacher_distances, S scale, MatrixView<S> pull,
                         MatrixView<S> edges, VectorView<S> values) {
  const detail::Corners<S> student(student_features, student_distances);
  const detail::Corners<S> teacher(teacher_features, teacher_distances);
  const Index batch = pull.cols;
  const S share = S(1) / static_cast<S>(batch * batch);
  // Which samples have distances that are unlike: bit 0 of the student's, bit 1 of the teacher's.
  std::uint8_t* const uneven = scratch<std::uint8_t>(batch);
  for (Index i = 0; i < batch; ++i)
    uneven[i] = static_cast<std::uint8_t>(student.is_uneven(i) + 2 * teacher.is_uneven(i));
  parallel_for(batch, 10. * static_cast<double>(batch * batch), [&](Index j) {
    S* const room = scratch<S>(3 * batch);
    auto cosine = array(VectorView<S>{room, batch});
    auto gap = array(VectorView<S>{room + batch, batch});
    auto slope = array(VectorView<S>{room + 2 * batch, batch});
    auto pulled = map(pull).col(j).array();
    S value = S(0);
    for (Index i = 0; i < batch; ++i) {
      student.cosines(i, j, (uneven[i] & 1) != 0, cosine);
      teacher.cosines(i, j, (uneven[i] & 2) != 0, gap);
      gap = cosine - gap;
      slope = gap.max(S(-1)).min(S(1));
      value += (slope * (gap - S(0.5) * slope)).sum();
      // At i, the edge to j is drawn along the edge to every k, and keeps its length.
      const S inverse = scale * share * student.inverse(i, j);
      const S turning = student.inverse(i, j) * (slope * cosine).sum();
      slope *= student.inverse_to_all(i);
      pulled += (2 * inverse) * slope;
      edges.data[i + j * batch] = inverse * (slope.sum() - turning);
    }
    values.data[j] = share * value;
  });
  map(pull) -= 2 * map(edges);
  map(pull) -= 2 * map(edges).transpose();
}

/// `dfeatures_j += sum_i pull_ij (f_i - f_j)`
template <Real S>
void op_add_pulls(const Space&, MatrixView<const S> features, MatrixView<const S> pull,
                  MatrixView<S> dfeatures) {
  const Index batch = features.cols;
  parallel_for(batch, 3. * static_cast<double>(features.size()), [&](Index j) {
    for (Index i = 0; i < batch; ++i)
      map(dfeatures).col(j) +=
          pull.data[i + j * batch] * (map(features).col(i) - map(features).col(j));
  });
}

}  // namespace kd::cpu
