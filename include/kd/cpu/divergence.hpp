// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/cpu/softmax.hpp"

/// Divergences other than Hinton's. As the losses of classify.hpp they take logits (classes,
/// batch), add `scale` times the gradient of every sample's loss to `dlogits` unless that is empty,
/// and write the loss of every sample to `values` (batch).
namespace kd::cpu {

/// `values[b] = T^2 KL(q || p)`, `p = softmax(v_b/T)`, `q = softmax(z_b/T)`, gradient
/// `T q (log q - log p - KL(q || p))`.
template <Real S>
void op_reverse_kl(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                   S temperature, S scale, MatrixView<S> dlogits, VectorView<S> values) {
  const Index classes = student.rows;
  detail::for_samples(student, 3, [&](Index b) {
    S* const room = scratch<S>(2 * classes);
    const VectorView<S> q{room, classes};
    const VectorView<S> gap{room + classes, classes};
    detail::log_softmax(detail::sample(student, b), temperature, q);
    detail::log_softmax(detail::sample(teacher, b), temperature, gap);
    array(gap) = array(q) - array(gap);
    array(q) = array(q).exp();
    const S kl = (array(q) * array(gap)).sum();
    values.data[b] = temperature * temperature * detail::at_least_zero(kl);
    if (!dlogits.empty())
      array(detail::sample(dlogits, b)) += (scale * temperature) * array(q) * (array(gap) - kl);
  });
}

/// `values[b] = T^2 [beta KL(p || m) + (1 - beta) KL(q || m)]`, `m = beta p + (1 - beta) q`, beta
/// in (0, 1); gradient `T (1 - beta) q (log q - log m - KL(q || m))`.
template <Real S>
void op_generalized_jsd(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                        S temperature, S beta, S scale, MatrixView<S> dlogits,
                        VectorView<S> values) {
  const Index classes = student.rows;
  const S log_beta = std::log(beta);
  const S log_rest = std::log1p(-beta);
  detail::for_samples(student, 6, [&](Index b) {
    S* const room = scratch<S>(3 * classes);
    const VectorView<S> q{room, classes};
    const VectorView<S> p{room + classes, classes};
    const VectorView<S> m{room + 2 * classes, classes};
    detail::log_softmax(detail::sample(student, b), temperature, q);
    detail::log_softmax(detail::sample(teacher, b), temperature, p);
    // log m = log(exp a + exp b), by the larger of the two
    const auto from_p = array(p) + log_beta;
    const auto from_q = array(q) + log_rest;
    array(m) = from_p.max(from_q) + (-(from_p - from_q).abs()).exp().log1p();
    const S p_kl = (array(p).exp() * (array(p) - array(m))).sum();
    array(m) = array(q) - array(m);
    array(q) = array(q).exp();
    const S q_kl = (array(q) * array(m)).sum();
    values.data[b] =
        temperature * temperature * detail::at_least_zero(beta * p_kl + (S(1) - beta) * q_kl);
    if (!dlogits.empty())
      array(detail::sample(dlogits, b)) +=
          (scale * temperature * (S(1) - beta)) * array(q) * (array(m) - q_kl);
  });
}

}  // namespace kd::cpu
