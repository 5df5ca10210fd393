// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/cpu/softmax.hpp"

namespace kd::cpu {

namespace detail {

/// How softmax divides between one class and the others: the logarithms of both shares, and `e`,
/// the others' distribution among themselves (zero at the class itself).
template <Real S>
struct Split {
  S log_own;
  S log_rest;
  S log_sum;  ///< `log sum_{j != y} exp(z_j / T)`
};

template <Real S>
Split<S> split_softmax(VectorView<const S> z, Index own, S temperature, VectorView<S> e) {
  const S factor = S(1) / temperature;
  // The largest of the others, so that their sum is at least 1 however far ahead the class is.
  S max = own == 0 ? z.data[z.size - 1] : z.data[0];
  if (own > 0) max = map(z.slice(0, own)).maxCoeff();
  if (own + 1 < z.size) {
    const S behind = map(z.slice(own + 1, z.size - own - 1)).maxCoeff();
    max = own > 0 && max > behind ? max : behind;
  }
  array(e) = ((array(z) - max) * factor).min(S(0)).exp();
  e.data[own] = S(0);
  const S sum = array(e).sum();
  array(e) *= S(1) / sum;
  const S log_sum = max * factor + std::log(sum);
  const S lead = z.data[own] * factor - log_sum;  // log-odds of the class
  const S softplus = std::log1p(std::exp(-std::abs(lead)));
  return {std::min(lead, S(0)) - softplus, std::min(-lead, S(0)) - softplus, log_sum};
}

}  // namespace detail

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
  detail::for_samples(student, 3, [&](Index b) {
    S* const room = scratch<S>(2 * classes);
    const VectorView<S> q{room, classes};
    const VectorView<S> p{room + classes, classes};
    const VectorView<const S> z = detail::sample(student, b);
    const VectorView<const S> v = detail::sample(teacher, b);
    const Index y = labels.data[b];
    const detail::Split<S> zs = detail::split_softmax(z, y, temperature, q);
    const detail::Split<S> vs = detail::split_softmax(v, y, temperature, p);
    const S p_own = std::exp(vs.log_own);
    const S binary =
        p_own * (vs.log_own - zs.log_own) + std::exp(vs.log_rest) * (vs.log_rest - zs.log_rest);
    const S others =
        (array(p) * (array(v) - array(z))).sum() / temperature - (vs.log_sum - zs.log_sum);
    target.data[b] = square * detail::at_least_zero(binary);
    rest.data[b] = square * detail::at_least_zero(others);
    if (dlogits.empty()) return;
    const VectorView<S> dz = detail::sample(dlogits, b);
    const S pull = temperature * target_scale * (std::exp(zs.log_own) - p_own);
    const S factor = temperature * rest_scale;
    array(dz) += (factor - pull) * array(q) - factor * array(p);
    dz.data[y] += pull;
  });
}

}  // namespace kd::cpu
