// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/softmax_gap.hpp"

namespace kd::cpu {

/// `values[b] = T^2 [beta KL(p || m) + (1 - beta) KL(q || m)]`, `m = beta p + (1 - beta) q`, beta
/// in (0, 1); gradient `T (1 - beta) q (log q - log m - KL(q || m))`.
template <Real S>
void op_generalized_jsd(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                        S temperature, S beta, S scale, MatrixView<S> dlogits,
                        VectorView<S> values) {
  const Index classes = student.rows;
  const S rest = S(1) - beta;
  detail::for_samples(student, 6, [&](Index b) {
    S* const room = scratch<S>(5 * classes);
    const VectorView<S> q{room, classes};
    const VectorView<S> p{room + classes, classes};
    const VectorView<S> m{room + 2 * classes, classes};
    const VectorView<S> p_gap{room + 3 * classes, classes};  // log p - log m
    const VectorView<S> q_gap{room + 4 * classes, classes};  // log q - log m
    detail::compare_softmax(detail::sample(student, b), detail::sample(teacher, b), temperature, q,
                            p, p_gap);
    // log m = log(larger) + log1p(share of the smaller * expm1(-|log p - log q|)): the gap of the
    // larger has nothing of the smaller in it, however far that is away.
    array(m) = array(p_gap);
    const auto gap = array(m);
    array(q_gap) = (-gap.abs()).expm1();
    array(q_gap) = -(gap > S(0)).select(rest * array(q_gap), beta * array(q_gap)).log1p();
    array(p_gap) = array(q_gap) + gap.min(S(0));
    array(q_gap) -= gap.max(S(0));
    array(m) = beta * array(p) + rest * array(q);
    const S q_kl = detail::divergence<S>(q, m, q_gap, S(1));
    const S p_kl = detail::divergence<S>(p, m, p_gap, S(1));
    values.data[b] = temperature * temperature * (beta * p_kl + rest * q_kl);
    if (!dlogits.empty())
      array(detail::sample(dlogits, b)) +=
          (scale * temperature * rest) * array(q) * (array(q_gap) - q_kl);
  });
}

}  // namespace kd::cpu
