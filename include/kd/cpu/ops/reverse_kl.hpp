// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/softmax.hpp"

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

}  // namespace kd::cpu
