// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/softmax.hpp"

namespace kd::cpu {

/// How samples, and how classes, go together in probabilities, q and p the softmaxes of z and v at
/// T, (classes, batch): `samples[i] = |row i of q^T q - p^T p|^2` and
/// `classes[c] = B/C |row c of q q^T - p p^T|^2`. Adds the gradient of both sums, each times its
/// scale, to `dlogits`. `q`, `p`, `dq`: room, (classes, batch); `pairs` (batch, 2 batch) and
/// `class_pairs` (classes, 2 classes) too.
template <Real S>
void op_multi_level(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                    S temperature, S sample_scale, S class_scale, MatrixView<S> dlogits,
                    VectorView<S> samples, VectorView<S> classes, MatrixView<S> q, MatrixView<S> p,
                    MatrixView<S> dq, MatrixView<S> pairs, MatrixView<S> class_pairs) {
  const Index batch = student.cols;
  const S share = static_cast<S>(batch) / static_cast<S>(student.rows);
  detail::for_samples(student, 4, [&](Index b) {
    detail::log_softmax(detail::sample(student, b), temperature, detail::sample(q, b));
    detail::log_softmax(detail::sample(teacher, b), temperature, detail::sample(p, b));
    array(detail::sample(q, b)) = array(detail::sample(q, b)).exp();
    array(detail::sample(p, b)) = array(detail::sample(p, b)).exp();
  });
  // The products are symmetric: column i is row i.
  auto of_samples = map(pairs.left_cols(batch));
  auto of_classes = map(class_pairs.left_cols(student.rows));
  of_samples.noalias() = map(q).transpose() * map(q);
  of_samples.noalias() -= map(p).transpose() * map(p);
  of_classes.noalias() = map(q) * map(q).transpose();
  of_classes.noalias() -= map(p) * map(p).transpose();
  map(samples) = of_samples.colwise().squaredNorm().transpose();
  map(classes) = share * of_classes.colwise().squaredNorm().transpose();
  of_samples *= 4 * sample_scale;
  of_classes *= 4 * class_scale * share;
  map(dq).noalias() = map(q) * of_samples;
  map(dq).noalias() += of_classes * map(q);
  const S cooling = S(1) / temperature;
  detail::for_samples(student, 1, [&](Index b) {
    const auto own = array(detail::sample(q, b));
    const auto slope = array(detail::sample(dq, b));
    const S mean = (own * slope).sum();
    array(detail::sample(dlogits, b)) += cooling * own * (slope - mean);
  });
}

}  // namespace kd::cpu
