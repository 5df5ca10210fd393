// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/cpu/softmax.hpp"

namespace kd::cpu {

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
