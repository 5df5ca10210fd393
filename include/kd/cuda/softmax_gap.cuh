// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/softmax.cuh"

/// Two softmaxes of one sample and how far apart they are, to the last digits (see
/// cpu/divergence.hpp): `d = log p - log q` from the gap of the logits, and a divergence as the sum
/// of `p (exp(-d) - 1 + d)`, of which no term is negative.
namespace kd::cuda::detail {

/// A divergence below this one is summed up from its terms.
inline constexpr double close_divergence = 1. / 64;

/// The largest |x| of which `exp(x) - 1 - x` is a series.
template <Real S>
inline constexpr S small_exponent = S(0.34);

/// `(exp(x) - 1 - x) / x^2`, for `|x|` up to `small_exponent`.
template <Real S>
__device__ __forceinline__ S exp_remainder(S x) {
  constexpr int last = sizeof(S) == 4 ? 9 : 15;
  S series = 1;  // twice that: 1 + x/3 (1 + x/4 (...))
  for (int i = last; i > 2; --i) series = S(1) + x * series * (S(1) / static_cast<S>(i));
  return S(0.5) * series;
}

/// `p (exp(-d) - 1)` and `p (exp(-d) - 1 + d)`, given `q = p exp(-d)`.
template <Real S>
struct CloseTerms {
  S change, excess;

  __device__ __forceinline__ CloseTerms(S p, S q, S d) : change(q - p), excess(change + p * d) {
    if (!(std::abs(d) <= small_exponent<S>)) return;
    const S series = d * d * exp_remainder(-d);
    change = p * (series - d);
    excess = p * series;
  }
};

/// `p = softmax(v/T)`, `q = softmax(z/T)` and `log p - log q`, class by class.
template <Real S>
struct SoftmaxGap {
  const S* z;
  const S* v;
  S cooling, z_max, v_max, q_sum, p_sum;
  S mean = 0;
  S kl = 0;  ///< KL(p || q)

  /// The sums are those of `softmax_sums` over all classes but `left_out`.
  template <class Team, int Width>
  __device__ static SoftmaxGap of(const S* z, const S* v, const SoftmaxSums<S>& q,
                                  const SoftmaxSums<S>& p, Index classes, S cooling,
                                  Index left_out = -1) {
    SoftmaxGap both{z, v, cooling, q.max, p.max, q.soft, p.soft};
    both.template compare<Team>([&](auto add) {
      for_classes<Team, Width>(classes, [&](Index c) {
        const auto z_pack = load<Width>(z + c);
        const auto v_pack = load<Width>(v + c);
        for (int k = 0; k < Width; ++k)
          if (c + k != left_out) add(z_pack.v[k], v_pack.v[k], S(1));
      });
    });
    return both;
  }
  template <class Team, int Width>
  __device__ static SoftmaxGap of(const S* z, const S* v, Index classes, S cooling) {
    const Softness<S> softness{false, true, cooling};
    return of<Team, Width>(z, v, softmax_sums<Team, Width>(z, classes, softness),
                           softmax_sums<Team, Width>(v, classes, softness), classes, cooling);
  }

  /// Sets mean and divergence; `visit(add)` calls `add(z, v, count)` for the logits that this
  /// thread has, of as many classes each.
  template <class Team, class Visit>
  __device__ __forceinline__ void compare(Visit visit) {
    S sum = 0;
    visit([&](S z_c, S v_c, S count) { sum += count * (p_of(v_c) * raw_gap(z_c, v_c)); });
    mean = Team::reduce(sum, Sum{});
    kl = mean - (std::log(p_sum) - std::log(q_sum));
    if (!(kl < S(close_divergence))) return;
    const S lift = std::exp(kl);
    S excess = 0;
    visit([&](S z_c, S v_c, S count) {
      excess += count * CloseTerms<S>(p_of(v_c), q_of(z_c) * lift, raw_gap(z_c, v_c) - mean).excess;
    });
    kl = std::log1p(Team::reduce(excess, Sum{}));
  }

  __device__ __forceinline__ S log_ratio() const { return mean - kl; }
  __device__ __forceinline__ S raw_gap(S z_c, S v_c) const {
    const S offset = v_max - z_max;  // first off where it is large: then both shifts are exact
    const bool is_large = std::abs(offset) > S(0.5) * std::abs(v_max);
    return (is_large ? (v_c - v_max) - (z_c - z_max) : (v_c - z_c) - offset) * cooling;
  }
  __device__ __forceinline__ S q_of(S z_c) const {
    return std::exp((z_c - z_max) * cooling) / q_sum;
  }
  __device__ __forceinline__ S p_of(S v_c) const {
    return std::exp((v_c - v_max) * cooling) / p_sum;
  }
  /// `log p - log q` of a class
  __device__ __forceinline__ S gap_of(S z_c, S v_c) const {
    return (raw_gap(z_c, v_c) - mean) + kl;
  }

  /// Calls `f(c, q, p, log p - log q)` for the classes of this thread.
  template <class Team, int Width, class F>
  __device__ __forceinline__ void for_each(Index classes, Index left_out, F f) const {
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto z_pack = load<Width>(z + c);
      const auto v_pack = load<Width>(v + c);
      for (int k = 0; k < Width; ++k)
        if (c + k != left_out)
          f(c + k, q_of(z_pack.v[k]), p_of(v_pack.v[k]), gap_of(z_pack.v[k], v_pack.v[k]));
    });
  }

  /// `dz += gradient(q, p, log p - log q)` for every class
  template <class Team, int Width, class F>
  __device__ __forceinline__ void add_gradient(Index classes, S* dz, F gradient) const {
    for_classes<Team, Width>(classes, [&](Index c) {
      auto grad = load<Width>(z + c);
      const auto v_pack = load<Width>(v + c);
      for (int k = 0; k < Width; ++k)
        grad.v[k] = gradient(q_of(grad.v[k]), p_of(v_pack.v[k]), gap_of(grad.v[k], v_pack.v[k]));
      put(dz + c, grad, Write::add);
    });
  }
};

}  // namespace kd::cuda::detail
