// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/own_class.hpp"

namespace kd::cpu {

/// The two parts of decoupled distillation (Zhao et al. 2022, equation 7), both times T^2:
/// `target[b] = KL([p_y, 1 - p_y] || [q_y, 1 - q_y])` and `rest[b] = KL(p^ || q^)`, `^` being a
/// distribution over the classes other than y. Gradient at y `T target_scale (q_y - p_y)`, at the
/// others `T (rest_scale (q^ - p^) - target_scale (q_y - p_y) q^)`.
template <Real S>
void op_decoupled_kd(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                     VectorView<const Label> labels, S temperature, S target_scale, S rest_scale,
                     MatrixView<S> dlogits, VectorView<S> target, VectorView<S> rest) {
  const Index classes = student.rows;
  const S square = temperature * temperature;
  const S cooling = S(1) / temperature;
  detail::for_samples(student, 3, [&](Index b) {
    S* const room = scratch<S>(3 * classes);
    const VectorView<S> q{room, classes};
    const VectorView<S> p{room + classes, classes};
    const VectorView<S> gap{room + 2 * classes, classes};
    const VectorView<const S> z = detail::sample(student, b);
    const VectorView<const S> v = detail::sample(teacher, b);
    const Index y = labels.data[b];
    const auto both = detail::compare_own(z, v, y, cooling, q, p, gap);
    target.data[b] = square * both.own.kl;
    rest.data[b] = square * both.others_kl;
    if (dlogits.empty()) return;
    const VectorView<S> dz = detail::sample(dlogits, b);
    const S pull = temperature * target_scale * both.own.difference;
    array(dz) -= pull * array(q);
    detail::subtract_softmax<S>(q, p, gap);
    array(dz) += (temperature * rest_scale) * array(q);
    dz.data[y] += pull;
  });
}

}  // namespace kd::cpu
