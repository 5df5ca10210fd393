// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "kd/cpu/own_class.hpp"

namespace kd::cpu {

/// The two parts of distillation with refined logits (Sun et al. 2025), each times the square of
/// its temperature: `own[b] = KL([max p, 1 - max p] || [q_y, 1 - q_y])` at T_own and
/// `others[b] = KL(p^ || q^)` at T, `^` being a distribution over the classes whose teacher logit
/// is below that of y; 0 when there is none. Gradient `T_own own_scale (q_y - max p)` at y and as
/// much less, as q shares it out, at the others; `T others_scale (q^ - p^)`.
template <Real S>
void op_refined_logits(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                       VectorView<const Label> labels, S own_temperature, S temperature,
                       S own_scale, S others_scale, MatrixView<S> dlogits, VectorView<S> own,
                       VectorView<S> others) {
  const Index classes = student.rows;
  detail::for_samples(student, 5, [&](Index b) {
    S* const room = scratch<S>(5 * classes);
    const auto part = [&](Index k, Index size) { return VectorView<S>{room + k * classes, size}; };
    const VectorView<const S> z = detail::sample(student, b);
    const VectorView<const S> v = detail::sample(teacher, b);
    const VectorView<S> dz = dlogits.empty() ? VectorView<S>{} : detail::sample(dlogits, b);
    const Index y = labels.data[b];
    {
      const VectorView<S> q = part(0, classes), p = part(1, classes), gap = part(2, classes);
      // The teacher's likeliest class, whichever it is, against y: as if it had said that of y.
      const VectorView<S> said = part(3, classes);
      Index likeliest = y;
      for (Index c = 0; c < classes; ++c)
        if (v.data[c] > v.data[likeliest]) likeliest = c;
      array(said) = array(v);
      std::swap(said.data[y], said.data[likeliest]);
      const auto share = detail::compare_own<S>(z, said, y, S(1) / own_temperature, q, p, gap).own;
      own.data[b] = own_temperature * own_temperature * share.kl;
      if (!dz.empty()) {
        const S pull = own_temperature * own_scale * share.difference;
        array(dz) -= pull * array(q);
        dz.data[y] += pull;
      }
    }
    const VectorView<S> below_z = part(3, classes), below_v = part(4, classes);
    Index count = 0;
    for (Index c = 0; c < classes; ++c) {
      if (!(v.data[c] < v.data[y])) continue;
      below_z.data[count] = z.data[c];
      below_v.data[count++] = v.data[c];
    }
    others.data[b] = S(0);
    if (count == 0) return;
    const VectorView<S> q = part(0, count), p = part(1, count), gap = part(2, count);
    others.data[b] = temperature * temperature *
                     detail::compare_softmax<S>(below_z.slice(0, count), below_v.slice(0, count),
                                                temperature, q, p, gap);
    if (dz.empty()) return;
    detail::subtract_softmax<S>(q, p, gap);
    const S* change = q.data;
    for (Index c = 0; c < classes; ++c)
      if (v.data[c] < v.data[y]) dz.data[c] += temperature * others_scale * *change++;
  });
}

}  // namespace kd::cpu
