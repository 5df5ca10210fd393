// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/cpu/logits.hpp"
#include "kd/cpu/space.hpp"

/// Losses on logits. Each takes logits (classes, batch), adds `scale` times the gradient of every
/// sample's loss to `dlogits` unless that is empty, and writes the loss of every sample to its own
/// place in `values` (batch): a sum in a fixed order then gives the same total on any number of
/// threads. Every exponential is taken after the largest logit is subtracted.
namespace kd::cpu {

namespace detail {

/// What the two parts of distillation on logits are given; a part whose `values` are empty is left
/// out.
template <Real S>
struct DistillationLoss {
  MatrixView<const S> student;
  MatrixView<const S> teacher;
  VectorView<const Label> labels;
  S temperature;
  S hard_scale;
  S soft_scale;
  MatrixView<S> dlogits;
  VectorView<S> hard;
  VectorView<S> soft;
};

/// Both parts for samples `first` to `first + samples - 1`, which stand in `Lanes` lanes.
template <int Lanes, Real S>
void distillation_block(const DistillationLoss<S>& loss, Index first, Index samples) {
  // g++ 12 has to see that the loops over samples end with the lanes.
  const Index count = std::min<Index>(samples, Lanes);
  const Index classes = loss.student.rows;
  const Index size = classes * Lanes;
  S* const room = scratch<S>(5 * size);
  const auto block_of = [&](MatrixView<const S> logits, S* place) {
    if constexpr (Lanes == 1) {  // where it is: nothing writes to it
      return LogitBlock<S, 1>(const_cast<S*>(logits.data) + first * classes, classes);
    } else {
      interleave<Lanes>(logits, first, count, place);
      return LogitBlock<S, Lanes>(place, classes);
    }
  };
  const auto z = block_of(loss.student, room);
  LogitBlock<S, Lanes> q(room + size, classes);
  const bool wants_gradient = !loss.dlogits.empty();
  LogitBlock<S, Lanes> dz = Lanes == 1 && wants_gradient
                                ? LogitBlock<S, Lanes>(loss.dlogits.data + first * classes, classes)
                                : LogitBlock<S, Lanes>(room + 2 * size, classes);
  if (Lanes > 1) dz.flat().setZero();

  const PerSample<S, Lanes> z_max = z.max();
  if (!loss.hard.empty()) {
    const PerSample<S, Lanes> sum = q.assign_exp(z, z_max, S(1));
    const PerSample<S, Lanes> log_sum = sum.log() + z_max;
    if (wants_gradient) dz.add(q, loss.hard_scale / sum);
    for (Index l = 0; l < count; ++l) {
      const Index y = loss.labels.data[first + l];
      loss.hard.data[first + l] = log_sum[l] - z.of_class(y)[l];
      if (wants_gradient) dz.of_class(y)[l] -= loss.hard_scale;
    }
  }
  if (!loss.soft.empty()) {
    const auto v = block_of(loss.teacher, room + 3 * size);
    LogitBlock<S, Lanes> p(room + 4 * size, classes);
    const S cooling = S(1) / loss.temperature;
    const PerSample<S, Lanes> v_max = v.max();
    const PerSample<S, Lanes> q_sum = q.assign_exp(z, z_max, cooling);
    const PerSample<S, Lanes> p_sum = p.assign_exp(v, v_max, cooling);
    // KL = sum_c p (log p - log q), the logarithms taken as shifted logits less log-sums.
    const PerSample<S, Lanes> gap = p.weigh_gap(v, v_max, z, z_max) / p_sum;
    const PerSample<S, Lanes> kl = gap * cooling + q_sum.log() - p_sum.log();
    const S square = loss.temperature * loss.temperature;
    for (Index l = 0; l < count; ++l)  // rounding can leave -1e-8; NaN stays NaN
      loss.soft.data[first + l] = square * (kl[l] < S(0) ? S(0) : kl[l]);
    if (wants_gradient) {
      const S factor = loss.soft_scale * loss.temperature;
      dz.add(q, factor / q_sum);
      dz.add(p, -factor / p_sum);
    }
  }
  if (Lanes > 1 && wants_gradient)
    add_separated<Lanes>(room + 2 * size, first, count, loss.dlogits);
}

template <Real S>
void distillation_loss(const DistillationLoss<S>& loss, int exponentials) {
  for_logit_blocks(loss.student.rows, loss.student.cols, exponentials,
                   [&](Index first, Index count, auto lanes) {
                     distillation_block<decltype(lanes)::value>(loss, first, count);
                   });
}

}  // namespace detail

/// Cross-entropy: `values[b] = log sum_c exp(z_cb) - z_yb`, gradient `softmax(z_b) - onehot(y_b)`.
template <Real S>
void op_cross_entropy(const Space&, MatrixView<const S> logits, VectorView<const Label> labels,
                      S scale, MatrixView<S> dlogits, VectorView<S> values) {
  detail::distillation_loss<S>({logits, {}, labels, S(1), scale, S(0), dlogits, values, {}}, 1);
}

/// The two parts of distillation on logits in one pass over them (Hinton et al. 2015, section 2):
/// `hard[b] = cross-entropy(z_b, y_b)`, `soft[b] = T^2 KL(softmax(v_b/T) || softmax(z_b/T))`,
/// gradient `hard_scale (softmax(z) - onehot(y)) + soft_scale T (softmax(z/T) - softmax(v/T))`.
/// A part whose values are empty is left out.
template <Real S>
void op_soft_targets(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                     VectorView<const Label> labels, S temperature, S hard_scale, S soft_scale,
                     MatrixView<S> dlogits, VectorView<S> hard, VectorView<S> soft) {
  detail::distillation_loss<S>(
      {student, teacher, labels, temperature, hard_scale, soft_scale, dlogits, hard, soft}, 3);
}

/// `total += sum of values`
template <Real S>
void op_add_sum(const Space&, VectorView<const S> values, VectorView<double> total) {
  double sum = 0;
  for (Index b = 0; b < values.size; ++b) sum += static_cast<double>(values.data[b]);
  *total.data += sum;
}

/// `classes[b]` = the class of the largest logit of sample b, the first of equals
template <Real S>
void op_argmax(const Space&, MatrixView<const S> logits, VectorView<Label> classes) {
  for (Index b = 0; b < logits.cols; ++b) {
    Index best = 0;
    map(logits).col(b).maxCoeff(&best);
    classes.data[b] = static_cast<Label>(best);
  }
}

}  // namespace kd::cpu
