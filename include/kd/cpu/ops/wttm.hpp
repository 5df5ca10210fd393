// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/cpu/softmax_gap.hpp"

namespace kd::cpu {

/// `values[b] = U KL(p~ || q)`, `p~ = softmax(v_b/T)`, `q = softmax(z_b)`, with
/// `U = sum_c p_c^(1/T)`, `p = softmax(v_b)`, or 1 (Zheng and Yang 2024); gradient `U (q - p~)`.
template <Real S>
void op_wttm(const Space&, MatrixView<const S> student, MatrixView<const S> teacher, S temperature,
             bool is_weighted, S scale, MatrixView<S> dlogits, VectorView<S> values) {
  const Index classes = student.rows;
  const S cooling = S(1) / temperature;
  detail::for_samples(student, 3, [&](Index b) {
    S* const room = scratch<S>(4 * classes);
    const VectorView<S> q{room, classes};
    const VectorView<S> p{room + classes, classes};
    const VectorView<S> gap{room + 2 * classes, classes};
    const VectorView<S> soft{room + 3 * classes, classes};  // the teacher's logits, softened
    const VectorView<const S> z = detail::sample(student, b);
    const VectorView<const S> v = detail::sample(teacher, b);
    const S z_max = map(z).maxCoeff();
    array(soft) = array(v) - map(v).maxCoeff();
    const S log_plain = is_weighted ? std::log(array(soft).exp().sum()) : S(0);
    array(soft) *= cooling;
    array(q) = (array(z) - z_max).exp();
    array(p) = array(soft).exp();
    const S weight = is_weighted ? std::exp(std::log(array(p).sum()) - cooling * log_plain) : S(1);
    const S kl = detail::take_gap<S>(z, soft, z_max, S(0), S(1), q, p, gap).kl;
    values.data[b] = weight * kl;
    if (dlogits.empty()) return;
    detail::subtract_softmax<S>(q, p, gap);
    array(detail::sample(dlogits, b)) += (scale * weight) * array(q);
  });
}

}  // namespace kd::cpu
