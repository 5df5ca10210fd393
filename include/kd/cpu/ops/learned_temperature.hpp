// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/cpu/softmax_gap.hpp"

namespace kd::cpu {

/// Soft targets at a temperature that is a parameter: `T = lowest + range s`, `s = sigmoid(theta)`,
/// `values[b] = T^2 KL(p || q)`, `p = softmax(v_b/T)`, `q = softmax(z_b/T)`. Adds `scale` times the
/// gradient at the logits, `T (q - p)`, and `theta_scale` times the sum over the batch of that with
/// respect to theta, `range s (1 - s) dL/dT`, where p and q depend on T too:
/// `dL/dT = 2 T KL - sum_c p (v_c - E_p v) (log p - log q) + E_p z - E_q z`.
/// `slopes`: room, (batch); theta, dtheta: one element each.
template <Real S>
void op_learned_temperature(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                            VectorView<const S> theta, S lowest, S range, S scale, S theta_scale,
                            MatrixView<S> dlogits, VectorView<S> dtheta, VectorView<S> values,
                            VectorView<S> slopes) {
  const Index classes = student.rows;
  const S sigmoid = S(1) / (S(1) + std::exp(-*theta.data));
  const S temperature = lowest + range * sigmoid;
  detail::for_samples(student, 4, [&](Index b) {
    const auto z = array(detail::sample(student, b));
    const auto v = array(detail::sample(teacher, b));
    S* const room = scratch<S>(3 * classes);
    const VectorView<S> q{room, classes};
    const VectorView<S> p{room + classes, classes};
    const VectorView<S> gap{room + 2 * classes, classes};
    const S kl = detail::compare_softmax(detail::sample(student, b), detail::sample(teacher, b),
                                         temperature, q, p, gap);
    values.data[b] = temperature * temperature * kl;
    detail::subtract_softmax<S>(q, p, gap);
    if (!dlogits.empty()) array(detail::sample(dlogits, b)) += (scale * temperature) * array(q);
    // Logits less their largest: a shift changes nothing, and products stay small.
    const S v_max = v.maxCoeff();
    const S z_max = z.maxCoeff();
    const S v_mean = (array(p) * (v - v_max)).sum();
    slopes.data[b] = S(2) * temperature * kl -
                     (array(p) * ((v - v_max) - v_mean) * array(gap)).sum() -
                     (array(q) * (z - z_max)).sum();
  });
  *dtheta.data += theta_scale * range * sigmoid * (S(1) - sigmoid) * array(slopes).sum();
}

}  // namespace kd::cpu
