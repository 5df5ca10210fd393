// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <functional>

#include "kd/cpu/divergence.hpp"
#include "kd/cpu/softmax.hpp"

/// Two softmaxes of one sample and how far apart they are, to the last digits: what the losses need
/// that are written sample by sample.
namespace kd::cpu::detail {

/// `sum_c a_c (exp(-d_c) - 1 + d_c)`, `d = sign gap`, given `lift b = a exp(-d)`. With
/// `d = log a - log b` and no lift it is `KL(a || b)`.
template <Real S>
S divergence(VectorView<const S> a, VectorView<const S> b, VectorView<const S> gap, S sign,
             S lift = S(1)) {
  PerSample<S, 1> total{};
  for_slices<1, S>(a.size, [&]<Index N>(const Slice<N>& slice) {
    simd::Vector<S, N> sum{};
    for (Index i = 0; i < slice.count; ++i) {
      const Index at = slice.first + i * slice.stride;
      sum += close_terms<N, S>(simd::load<N>(a.data + at), simd::load<N>(b.data + at) * lift,
                               simd::load<N>(gap.data + at) * sign,
                               simd::spread<N>(simd::small_exponent<S>))
                 .excess;
    }
    merge(sum, slice, total, std::plus<>());
  });
  return total[0];
}

/// `q - p` in place of q, given `gap = log p - log q`.
template <Real S>
void subtract_softmax(VectorView<S> q, VectorView<const S> p, VectorView<const S> gap) {
  for_slices<1, S>(q.size, [&]<Index N>(const Slice<N>& slice) {
    for (Index i = 0; i < slice.count; ++i) {
      const Index at = slice.first + i * slice.stride;
      const auto terms =
          close_terms<N, S>(simd::load<N>(p.data + at), simd::load<N>(q.data + at),
                            simd::load<N>(gap.data + at), simd::spread<N>(simd::small_exponent<S>));
      simd::store(terms.change, q.data + at);
    }
  });
}

template <Real S>
struct SoftmaxGap {
  S kl;         ///< KL(p || q)
  S log_ratio;  ///< log of the sum that p was divided by, over that of q
};

/// Divides the exponentials p of `(v - max v) / T` and q of `(z - max z) / T` by their sums, and
/// takes `gap = log p - log q`. A class that is left out has p = q = 0.
template <Real S>
SoftmaxGap<S> take_gap(VectorView<const S> z, VectorView<const S> v, S z_max, S v_max, S cooling,
                       VectorView<S> q, VectorView<S> p, VectorView<S> gap) {
  const S q_sum = array(q).sum();
  const S p_sum = array(p).sum();
  array(q) *= S(1) / q_sum;
  array(p) *= S(1) / p_sum;
  // (v - z) / T is log p - log q but for a constant: its mean under p stands in for that.
  // The offset comes off first where it is large: then both shifts are exact.
  const S offset = v_max - z_max;
  if (std::abs(offset) > S(0.5) * std::abs(v_max)) {
    array(gap) = ((array(v) - v_max) - (array(z) - z_max)) * cooling;
  } else {
    array(gap) = ((array(v) - array(z)) - offset) * cooling;
  }
  const S mean = (array(p) * array(gap)).sum();
  array(gap) -= mean;
  S kl = mean - (std::log(p_sum) - std::log(q_sum));
  if (kl < S(close_divergence)) kl = std::log1p(divergence<S>(p, q, gap, S(1), std::exp(kl)));
  array(gap) += kl;
  return {kl, mean - kl};
}

/// `p = softmax(v/T)`, `q = softmax(z/T)`, `gap = log p - log q`; returns `KL(p || q)`.
template <Real S>
S compare_softmax(VectorView<const S> z, VectorView<const S> v, S temperature, VectorView<S> q,
                  VectorView<S> p, VectorView<S> gap) {
  const S z_max = map(z).maxCoeff();
  const S v_max = map(v).maxCoeff();
  const S cooling = S(1) / temperature;
  array(q) = ((array(z) - z_max) * cooling).exp();
  array(p) = ((array(v) - v_max) * cooling).exp();
  return take_gap(z, v, z_max, v_max, cooling, q, p, gap).kl;
}

}  // namespace kd::cpu::detail
