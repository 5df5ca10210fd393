// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "kd/cpu/softmax_gap.hpp"

/// Two softmaxes of one sample, taken apart into one class against the rest and the rest among
/// themselves.
namespace kd::cpu::detail {
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

template <Real S>
struct OwnAndOthers {
  BinaryGap<S> own;
  S others_kl;
};

/// Compares class y with the others together, and those with each other: afterwards q and p are the
/// softmaxes of z and v over them, `gap = log p - log q`.
template <Real S>
OwnAndOthers<S> compare_own(VectorView<const S> z, VectorView<const S> v, Index y, S cooling,
                            VectorView<S> q, VectorView<S> p, VectorView<S> gap) {
  const S z_max = exponentials_but(z, y, cooling, q);
  const S v_max = exponentials_but(v, y, cooling, p);
  const S q_odds = (z.data[y] - z_max) * cooling - std::log(array(q).sum());
  const S p_odds = (v.data[y] - v_max) * cooling - std::log(array(p).sum());
  const S offset = v_max - z_max;
  const auto others = take_gap(z, v, z_max, v_max, cooling, q, p, gap);
  const S odds_gap = ((v.data[y] - z.data[y]) - offset) * cooling - others.log_ratio;
  return {BinaryGap<S>(Split<S>(p_odds), Split<S>(q_odds), odds_gap), others.kl};
}

}  // namespace kd::cpu::detail
