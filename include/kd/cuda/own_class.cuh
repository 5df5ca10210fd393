// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/softmax_gap.cuh"

/// Two softmaxes of one sample, taken apart into one class against the rest (see
/// cpu/own_class.hpp).
namespace kd::cuda::detail {

/// How softmax divides between a class and the others, from the log-odds of the class.
template <Real S>
struct Split {
  S log_own, log_rest;

  __device__ explicit Split(S log_odds) {
    const S softplus = std::log1p(std::exp(-std::abs(log_odds)));
    log_own = (log_odds < S(0) ? log_odds : S(0)) - softplus;
    log_rest = (log_odds > S(0) ? -log_odds : S(0)) - softplus;
  }
};

/// `KL([p, 1 - p] || [q, 1 - q])` and `q - p`.
template <Real S>
struct BinaryGap {
  S kl, difference;

  /// `gap` is how much larger the log-odds of p are.
  __device__ BinaryGap(Split<S> p, Split<S> q, S gap) {
    const S p_own = std::exp(p.log_own), p_rest = std::exp(p.log_rest);
    const S q_own = std::exp(q.log_own), q_rest = std::exp(q.log_rest);
    kl = p_own * (p.log_own - q.log_own) + p_rest * (p.log_rest - q.log_rest);
    difference = q_own - p_own;
    if (!(kl < S(close_divergence))) return;
    const S lift = std::exp(kl);
    const CloseTerms<S> own(p_own, q_own * lift, p_rest * gap);
    const CloseTerms<S> rest(p_rest, q_rest * lift, -p_own * gap);
    const S excess = own.excess + rest.excess;
    kl = std::log1p(excess);
    difference = (own.change - excess * p_own) / (S(1) + excess);
  }
};

}  // namespace kd::cuda::detail
