// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <utility>

#include "kd/cpu/softmax.hpp"

namespace kd::cpu {

namespace detail {

/// One less Pearson's correlation `rho = <a~, b~> / N`, `N = |a~| |b~| + 1e-8`, `~` being less the
/// mean; adds `factor` times the gradient of rho with respect to `a` to `da`. Both from the gap of
/// the unit vectors, `b^ - a^`, as they are small when a and b agree:
/// `1 - rho = (|a~| |b~| |b^ - a^|^2 / 2 + 1e-8) / N`, gradient `|b~| / N (b^ - a^ + (1 - rho) a^)`
/// less its mean, which rounding alone makes. Where they oppose each other, a^ stands for -a^.
template <Real S, class A, class B, class D>
S add_correlation(const A& a, const B& b, S factor, D&& da) {
  constexpr S eps = S(1e-8);
  const S a_mean = a.mean();
  const S b_mean = b.mean();
  const S a_norm = std::sqrt((a - a_mean).square().sum());
  const S b_norm = std::sqrt((b - b_mean).square().sum());
  const auto inverse = [](S norm) { return norm > S(0) ? S(1) / norm : norm; };
  const auto a_unit = (a - a_mean) * inverse(a_norm);
  const auto b_unit = (b - b_mean) * inverse(b_norm);
  const S product = a_norm * b_norm;
  S apart = (b_unit - a_unit).square().sum();
  const S sign = apart > S(2) ? S(-1) : S(1);
  if (sign < S(0)) apart = (b_unit + a_unit).square().sum();
  const S less = (S(0.5) * product * apart + eps) / (product + eps);  // 1 - sign rho
  const auto turn = (b_unit - sign * a_unit) + (sign * less) * a_unit;
  da += (factor * b_norm / (product + eps)) * (turn - turn.mean());
  return sign > S(0) ? less : S(2) - less;
}

}  // namespace detail

/// How well student and teacher agree on which class is likelier in a sample (`inter`), and on
/// which sample is likelier of a class (`intra`), rho being Pearson's correlation:
/// `inter[b] = T^2 (1 - rho(q_b, p_b))`, `intra[c] = T^2 (1 - rho(q_c, p_c)) batch / classes`, so
/// that the sum of either over the batch size is its mean. Adds `inter_scale` times the gradient of
/// the first, `intra_scale` times that of the second. One sample has nothing to be compared with:
/// its `intra` is zero. `q`, `p`, `dq`: room, (classes, batch) each.
template <Real S>
void op_correlation_kd(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                       S temperature, S inter_scale, S intra_scale, MatrixView<S> q,
                       MatrixView<S> p, MatrixView<S> dq, MatrixView<S> dlogits,
                       VectorView<S> inter, VectorView<S> intra) {
  const Index classes = student.rows;
  const Index batch = student.cols;
  const S square = temperature * temperature;
  detail::for_samples(student, 3, [&](Index b) {
    const VectorView<S> q_b = detail::sample(q, b);
    const VectorView<S> p_b = detail::sample(p, b);
    detail::log_softmax(detail::sample(student, b), temperature, q_b);
    detail::log_softmax(detail::sample(teacher, b), temperature, p_b);
    array(q_b) = array(q_b).exp();
    array(p_b) = array(p_b).exp();
    auto dq_b = array(detail::sample(dq, b));
    dq_b.setZero();
    inter.data[b] =
        square * detail::add_correlation<S>(array(q_b), array(p_b), -square * inter_scale, dq_b);
  });
  const S share = static_cast<S>(batch) / static_cast<S>(classes);
  const auto mean_scale = intra_scale * share;  // scale is per sample, the mean is over classes
  parallel_for(classes, 8. * static_cast<double>(batch), [&](Index c) {
    intra.data[c] = S(0);
    if (batch < 2) return;
    intra.data[c] =
        square * share *
        detail::add_correlation<S>(map(std::as_const(q)).row(c).array(), map(p).row(c).array(),
                                   -square * mean_scale, map(dq).row(c).array());
  });
  if (dlogits.empty()) return;
  detail::for_samples(student, 1, [&](Index b) {  // through the softmax
    const auto q_b = array(detail::sample(q, b));
    const auto dq_b = array(detail::sample(dq, b));
    const S mean = (q_b * dq_b).sum();
    array(detail::sample(dlogits, b)) += (q_b * (dq_b - mean)) / temperature;
  });
}

}  // namespace kd::cpu
