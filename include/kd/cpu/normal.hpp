// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/core/finite.hpp"
#include "kd/cpu/exponential.hpp"

/// The standard normal distribution, on vectors of any width.
namespace kd::cpu::simd {

/// The polynomial in `t = (z - 4) / (z + 4)` that stands for `(z + 4) exp(z^2 / 2) Q(z)`, z from 0
/// to infinity, where `Q(z) = erfc(z / sqrt(2)) / 2` is the tail. Interpolated at Chebyshev's nodes
/// with 50 digits; such a t as in Schonfelder, "Chebyshev expansions for the error and related
/// functions", 1978.
template <Real S>
struct NormalTail;

template <>
struct NormalTail<float> {
  static constexpr float coefficients[] = {
      0.755285144F,    -0.607896566F,   0.387137562F,   -0.186524183F,   0.0603953153F,
      -0.00752125541F, -0.00347619643F, 0.00157575205F, 0.000129340129F, -0.000162616314F};
};

template <>
struct NormalTail<double> {
  static constexpr double coefficients[] = {
      0.75528513041575152,     -0.6078966419718923,     0.38713740074221453,
      -0.18652185795963533,    0.060396574890936069,    -0.0075401889674195652,
      -0.0034796923673884156,  0.0016308184678064444,   0.00013334431270030784,
      -0.00023109501999200649, -1.9082650853426789e-06, 3.5145122560125815e-05,
      7.1672639787050158e-07,  -5.9216388019788167e-06, -6.2999742651642221e-07,
      1.0248325060946323e-06,  2.7271760832623853e-07,  -1.5982676610438677e-07,
      -8.7132946214674908e-08, 1.7881872409503415e-08,  2.1604426842720404e-08,
      -6.0210037279514763e-10, -3.7980418599574493e-09, -1.1742107539247065e-10,
      3.5156924266809302e-10};
};

/// `|x|`; NaN stays NaN.
template <Index N, Real S>
inline Vector<S, N> magnitude(const Vector<S, N>& x) {
  using Bits = Vector<kd::detail::BitsOf<S>, N>;
  return bits_as<Vector<S, N>>(bits_as<Bits>(x) & kd::detail::all_but_sign<S>);
}

/// The distribution function, and the density times `sqrt(2 pi)`.
template <Index N, Real S>
struct Normal {
  Vector<S, N> distribution, bell;
};

/// Both by one exponential. The distribution is within four units in the last place where
/// `x > -1`, and within `4 + x^2 / 2` units where it is less, as the rounding of `x^2` has it.
template <Index N, Real S>
inline Normal<N, S> normal(const Vector<S, N>& x) {
  using T = NormalTail<S>;
  const Vector<S, N> z = magnitude<N, S>(x);
  const Vector<S, N> bell = exp_not_positive<N, S>(z * z * S(-0.5));
  const Vector<S, N> inverse = S(1) / (z + S(4));
  const Vector<S, N> t = S(1) - S(8) * inverse;
  constexpr auto last = std::extent_v<decltype(T::coefficients)> - 1;
  Vector<S, N> sum = spread<N>(T::coefficients[last]);
  for (auto i = last; i-- > 0;) sum = sum * t + T::coefficients[i];
  const Vector<S, N> tail = bell * (sum * inverse);
  return {x < spread<N>(S(0)) ? tail : S(1) - tail, bell};
}

}  // namespace kd::cpu::simd
