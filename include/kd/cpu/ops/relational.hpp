// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/ops/pair_distances.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/space.hpp"

/// Relational distillation (Park et al. 2019) from the distances between samples alone.
///
/// The angle at sample i between those to j and k follows from three distances,
/// `cos = (d_ij^2 + d_ik^2 - d_jk^2) / (2 d_ij d_ik)`, so that of the `batch^3` angles none has to
/// be kept, and no difference of features either: the gradient is `sum_i pull_ij (f_i - f_j)` at
/// sample j, where `pull` (batch, batch) collects what both losses say.
namespace kd::cpu {

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
void op_relational_angle(const Space&, MatrixView<const S> student_distances,
                         MatrixView<const S> teacher_distances, S scale, MatrixView<S> pull,
                         MatrixView<S> edges, VectorView<S> values) {
  const detail::Pairs<const S> student(student_distances);
  const detail::Pairs<const S> teacher(teacher_distances);
  const Index batch = pull.cols;
  const S share = S(1) / static_cast<S>(batch * batch);
  // The cosines at i between j and every sample; 0 where there is no direction.
  const auto cosines = [&](const detail::Pairs<const S>& pairs, Index i, Index j) {
    const auto to_all = map(pairs.d).col(i).array();
    const auto inverse_to_all = map(pairs.inverse).col(i).array();
    const S to_j = S(0.5) * pairs.d.data[i + j * batch];
    const S inverse_to_j = S(0.5) * pairs.inverse.data[i + j * batch];
    return to_j * inverse_to_all +
           inverse_to_j * (to_all - inverse_to_all * map(pairs.d).col(j).array().square());
  };
  parallel_for(batch, 10. * static_cast<double>(batch * batch), [&](Index j) {
    S* const room = scratch<S>(3 * batch);
    auto cosine = array(VectorView<S>{room, batch});
    auto gap = array(VectorView<S>{room + batch, batch});
    auto slope = array(VectorView<S>{room + 2 * batch, batch});
    auto pulled = map(pull).col(j).array();
    S value = S(0);
    for (Index i = 0; i < batch; ++i) {
      cosine = cosines(student, i, j);
      gap = cosine - cosines(teacher, i, j);
      slope = gap.max(S(-1)).min(S(1));
      value += (slope * (gap - S(0.5) * slope)).sum();
      // At i, the edge to j is drawn along the edge to every k, and keeps its length.
      const S inverse = scale * share * student.inverse.data[i + j * batch];
      const S turning = student.inverse.data[i + j * batch] * (slope * cosine).sum();
      slope *= map(student.inverse).col(i).array();
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
