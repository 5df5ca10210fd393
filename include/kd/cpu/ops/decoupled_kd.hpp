// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "kd/cpu/softmax_gap.hpp"

namespace kd::cpu {

namespace detail {

/// The exponentials `exp((z - max) / T)` of all classes but one, which is left 0; returns the
/// largest of these logits, so that their sum is at least 1 however far ahead the one is.
template <Real S>
S exponentials_but(VectorView<const S> z, Index own, S cooling, VectorView<S> e) {
  S max = own == 0 ? z.data[z.size - 1] : z.data[0];  // one of the others
  if (own > 0) max = map(z.slice(0, own)).maxCoeff();
  if (own + 1 < z.size) max = std::max(map(z.slice(own + 1, z.size - own - 1)).maxCoeff(), max);
  array(e) = ((array(z) - max) * cooling).min(S(0)).exp();
  e.data[own] = S(0);
  return max;
}

/// How softmax divides between a class and the others, from the log-odds of the class.
template <Real S>
struct Split {
  S log_own, log_rest;

  explicit Split(S log_odds) {
    const S softplus = std::log1p(std::exp(-std::abs(log_odds)));
    log_own = std::min(log_odds, S(0)) - softplus;
    log_rest = std::min(-log_odds, S(0)) - softplus;
  }
};

/// `KL([p, 1 - p] || [q, 1 - q])` and `q - p`.
template <Real S>
struct BinaryGap {
  S kl, difference;

  /// `gap` is how much larger the log-odds of p are.
  BinaryGap(Split<S> p, Split<S> q, S gap) {
    const S p_own = std::exp(p.log_own), p_rest = std::exp(p.log_rest);
    const S q_own = std::exp(q.log_own), q_rest = std::exp(q.log_rest);
    kl = p_own * (p.log_own - q.log_own) + p_rest * (p.log_rest - q.log_rest);
    difference = q_own - p_own;
    if (!(kl < S(close_divergence))) return;
    const S lift = std::exp(kl);
    const auto own = close_terms<1, S>(p_own, q_own * lift, p_rest * gap, simd::small_exponent<S>);
    const auto rest =
        close_terms<1, S>(p_rest, q_rest * lift, -p_own * gap, simd::small_exponent<S>);
    const S excess = own.excess + rest.excess;
    kl = std::log1p(excess);
    difference = (own.change - excess * p_own) / (S(1) + excess);
  }
};

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
  const S cooling = S(1) / temperature;
  detail::for_samples(student, 3, [&](Index b) {
    S* const room = scratch<S>(3 * classes);
    const VectorView<S> q{room, classes};
    const VectorView<S> p{room + classes, classes};
    const VectorView<S> gap{room + 2 * classes, classes};
    const VectorView<const S> z = detail::sample(student, b);
    const VectorView<const S> v = detail::sample(teacher, b);
    const Index y = labels.data[b];
    const S z_max = detail::exponentials_but(z, y, cooling, q);
    const S v_max = detail::exponentials_but(v, y, cooling, p);
    const S q_odds = (z.data[y] - z_max) * cooling - std::log(array(q).sum());
    const S p_odds = (v.data[y] - v_max) * cooling - std::log(array(p).sum());
    const S offset = v_max - z_max;
    const auto others = detail::take_gap(z, v, z_max, v_max, cooling, q, p, gap);
    const S odds_gap = ((v.data[y] - z.data[y]) - offset) * cooling - others.log_ratio;
    const detail::BinaryGap<S> own(detail::Split<S>(p_odds), detail::Split<S>(q_odds), odds_gap);
    target.data[b] = square * own.kl;
    rest.data[b] = square * others.kl;
    if (dlogits.empty()) return;
    const VectorView<S> dz = detail::sample(dlogits, b);
    const S pull = temperature * target_scale * own.difference;
    array(dz) -= pull * array(q);
    detail::subtract_softmax<S>(q, p, gap);
    array(dz) += (temperature * rest_scale) * array(q);
    dz.data[y] += pull;
  });
}

}  // namespace kd::cpu
