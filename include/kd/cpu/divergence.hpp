// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <functional>

#include "kd/cpu/exponential.hpp"
#include "kd/cpu/logits.hpp"

/// Divergences of two softmaxes that lie close together, as at high temperatures: there
/// `sum_c p_c (log p_c - log q_c)` is a small difference of large terms. With `d_c = log p_c -
/// log q_c` it is also the sum of `p_c (exp(-d_c) - 1 + d_c)`, in which no term is negative, and a
/// term of which `d_c` is small is a short series.
namespace kd::cpu::detail {

/// A divergence below this one is summed up from its terms.
inline constexpr double close_divergence = 1. / 64;

/// `p (exp(-d) - 1)` and `p (exp(-d) - 1 + d)`, given `q = p exp(-d)`, which tells more where d is
/// larger than `reach`.
template <class V>
struct CloseTerms {
  V change;
  V excess;
};
template <Index N, Real S>
CloseTerms<simd::Vector<S, N>> close_terms(const simd::Vector<S, N>& p, const simd::Vector<S, N>& q,
                                           const simd::Vector<S, N>& d,
                                           const simd::Vector<S, N>& reach) {
  using V = simd::Vector<S, N>;
  const V series = d * d * simd::exp_remainder<N, S>(-d);
  const V apart = q - p;
  const V size = d < V{} ? -d : d;
  const auto is_close = size <= reach;
  return {is_close ? p * (series - d) : apart, is_close ? p * series : apart + p * d};
}

/// Whether a divergence is (not where it is no number).
template <Real S>
bool is_close(S kl) {
  return kl < S(close_divergence);
}

/// Two softmaxes of the samples of a block (see logits.hpp).
template <Real S, int Lanes>
struct SoftmaxPair {
  Index classes;
  const S* z;
  const S* v;
  S* q;  ///< exp((z - max z) / T)
  S* p;  ///< exp((v - max v) / T)
  PerSample<S, Lanes> z_max, v_max;
  PerSample<S, Lanes> q_sum{};
  PerSample<S, Lanes> p_sum{};
};

/// Kept out of the loops that seldom need it. Where `kl`, from logarithms of sums, is too small to
/// be exact, it is taken from its terms; q and both sums become what `q / q_sum - p / p_sum` needs
/// to be the exact difference of the two softmaxes: `q_c = p_c (exp(-d_c) - 1)`.
template <int Lanes, Real S>
[[gnu::noinline]] void sharpen(SoftmaxPair<S, Lanes>& pair, S cooling, PerSample<S, Lanes>& kl) {
  using Values = PerSample<S, Lanes>;
  // The gap (v - z) / T is log p - log q but for a constant; its mean under p stands in for that.
  const auto offset = by_lanes<S, Lanes>([&](auto of) { return of(pair.v_max) - of(pair.z_max); });
  const auto gap = [&]<Index N>(const Slice<N>& slice, Index at) {
    return ((simd::load<N>(pair.v + at) - simd::load<N>(pair.z + at)) - of_lanes(offset, slice)) *
           cooling;
  };
  Values mean{};
  for_slices<Lanes, S>(pair.classes, [&]<Index N>(const Slice<N>& slice) {
    simd::Vector<S, N> sum{};
    for (Index i = 0; i < slice.count; ++i) {
      const Index at = slice.first + i * slice.stride;
      sum += simd::load<N>(pair.p + at) * gap(slice, at);
    }
    merge(sum, slice, mean, std::plus<>());
  });
  mean = by_lanes<S, Lanes>([&](auto of) { return of(mean) / of(pair.p_sum); });

  Values reach;
  for (Index lane = 0; lane < Lanes; ++lane)
    reach[lane] = is_close(kl[lane]) ? simd::small_exponent<S> : S(-1);
  const auto lift = by_lanes<S, Lanes>([&](auto of) { return simd::exp<S>(of(mean)); });
  Values excess{};
  for_slices<Lanes, S>(pair.classes, [&]<Index N>(const Slice<N>& slice) {
    using Vector = simd::Vector<S, N>;
    const Vector centre = of_lanes(mean, slice);
    const Vector factor = of_lanes(lift, slice);
    const Vector limit = of_lanes(reach, slice);
    Vector sum{};
    for (Index i = 0; i < slice.count; ++i) {
      const Index at = slice.first + i * slice.stride;
      const Vector q = simd::load<N>(pair.q + at);
      const auto terms =
          close_terms<N, S>(simd::load<N>(pair.p + at), q * factor, gap(slice, at) - centre, limit);
      sum += terms.excess;
      simd::store(limit < Vector{} ? q : terms.change, pair.q + at);
    }
    merge(sum, slice, excess, std::plus<>());
  });
  for (Index lane = 0; lane < Lanes; ++lane) {
    if (!is_close(kl[lane])) continue;
    const S share = excess[lane] / pair.p_sum[lane];
    kl[lane] = std::log1p(share);
    pair.q_sum[lane] = pair.p_sum[lane] * (S(1) + share);
    pair.p_sum[lane] = pair.q_sum[lane] / share;
  }
}

}  // namespace kd::cpu::detail
