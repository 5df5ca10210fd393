// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/softmax_gap.hpp"

namespace kd::cpu {

/// `values[b] = T^2 KL(q || p)`, `p = softmax(v_b/T)`, `q = softmax(z_b/T)`, gradient
/// `T q (log q - log p - KL(q || p))`.
template <Real S>
void op_reverse_kl(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                   S temperature, S scale, MatrixView<S> dlogits, VectorView<S> values) {
  const Index classes = student.rows;
  detail::for_samples(student, 3, [&](Index b) {
    S* const room = scratch<S>(3 * classes);
    const VectorView<S> q{room, classes};
    const VectorView<S> p{room + classes, classes};
    const VectorView<S> gap{room + 2 * classes, classes};
    detail::compare_softmax(detail::sample(student, b), detail::sample(teacher, b), temperature, q,
                            p, gap);
    const S kl = detail::divergence<S>(q, p, gap, S(-1));
    values.data[b] = temperature * temperature * kl;
    if (!dlogits.empty())
      array(detail::sample(dlogits, b)) -= (scale * temperature) * array(q) * (array(gap) + kl);
  });
}

}  // namespace kd::cpu
