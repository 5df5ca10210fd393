// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "kd/cpu/simd.hpp"

/// The exponential of values that are not positive, which is all that a softmax needs once the
/// largest logit is subtracted, less 1 too, and of small ones less 1; on vectors of any width.
namespace kd::cpu::simd {

/// `exp(x) = 2^n exp(r)` with `n = round(x / ln 2)` and `|r| <= ln(2) / 2`, where a polynomial
/// stands for exp: the coefficients from the third on fit `(exp(r) - 1 - r) / r^2`.
template <Real S>
struct Exponential;

template <>
struct Exponential<float> {
  using Bits = std::uint32_t;
  static constexpr int mantissa_bits = 23;
  static constexpr float bias = 127;
  static constexpr float lowest = -87;  // below it, exp is no normal number: taken as 0
  static constexpr float per_ln2 = 1.44269504F;
  static constexpr float ln2_high = 0.693359375F;  // so few digits that n ln2_high is exact
  static constexpr float ln2_low = -2.12194440e-4F;
  static constexpr float shift = 1.5F * (1 << mantissa_bits);  // added: rounds to an integer
  static constexpr float coefficients[] = {1.F,           1.F,           0.49999994F,   0.16666521F,
                                           0.0416683890F, 0.0083687454F, 0.00138145395F};
};

template <>
struct Exponential<double> {
  using Bits = std::uint64_t;
  static constexpr int mantissa_bits = 52;
  static constexpr double bias = 1023;
  static constexpr double lowest = -708;
  static constexpr double per_ln2 = 1.4426950408889634;
  static constexpr double ln2_high = 0.693145751953125;
  static constexpr double ln2_low = 1.4286068203094172e-6;
  static constexpr double shift = 1.5 * static_cast<double>(Bits{1} << mantissa_bits);
  static constexpr double coefficients[] = {1,
                                            1,
                                            0.5,
                                            0.1666666666666667,
                                            0.04166666666666667,
                                            0.008333333333326112,
                                            0.001388888888888373,
                                            0.0001984126987490126,
                                            2.4801587325605324e-05,
                                            2.7557255297969643e-06,
                                            2.755727357010214e-07,
                                            2.5105259538448494e-08,
                                            2.0914717341716378e-09};
};

/// `(exp(x) - 1 - x) / x^2`, for `|x|` up to `small_exponent`.
template <Index N, Real S>
inline Vector<S, N> exp_remainder(const Vector<S, N>& x) {
  using E = Exponential<S>;
  constexpr auto last = std::extent_v<decltype(E::coefficients)> - 1;
  Vector<S, N> y = spread<N>(E::coefficients[last]);
  for (auto i = last; i-- > 2;) y = y * x + E::coefficients[i];
  return y;
}
template <Real S>
inline constexpr S small_exponent = S(0.34);

/// `x = n ln 2 + r`: `2^n` and r. Where x is below `lowest`, `2^n` is no number.
template <Index N, Real S>
struct Reduced {
  Vector<S, N> power, r;
};

template <Index N, Real S>
inline Reduced<N, S> reduce_exponent(Vector<S, N> x) {
  using E = Exponential<S>;
  // Compilers that rearrange sums (-ffast-math) would take these apart, and round nothing.
  keep(x);
  // The sum ends in n + bias, which is the exponent of 2^n.
  Vector<S, N> rounded = x * E::per_ln2 + (E::shift + E::bias);
  keep(rounded);
  Vector<S, N> n = rounded - (E::shift + E::bias);
  keep(n);
  using Bits = Vector<typename E::Bits, N>;
  const Bits exponent = bits_as<Bits>(rounded) << E::mantissa_bits;
  return {bits_as<Vector<S, N>>(exponent), x - n * E::ln2_high - n * E::ln2_low};
}

/// `exp(x)` for `x <= 0`, within two units in the last place; NaN stays NaN.
template <Index N, Real S>
inline Vector<S, N> exp_not_positive(const Vector<S, N>& x) {
  const auto [power, r] = reduce_exponent<N, S>(x);
  const Vector<S, N> y = (exp_remainder<N, S>(r) * r + S(1)) * r + S(1);
  return x < spread<N>(Exponential<S>::lowest) ? spread<N>(S(0)) : y * power;
}

/// `exp(x)`, within four units in the last place; NaN stays NaN.
template <Real S, class V>
inline V exp(const V& x) {
  constexpr Index N = sizeof(V) / sizeof(S);
  const auto is_below = x < V{};
  const V shrunk = exp_not_positive<N, S>(is_below ? x : -x);
  return is_below ? shrunk : S(1) / shrunk;
}

/// `exp(x) - 1` for `x <= 0`, within three units in the last place, near zero too; NaN stays NaN.
template <Index N, Real S>
inline Vector<S, N> expm1_not_positive(const Vector<S, N>& x) {
  const auto [power, r] = reduce_exponent<N, S>(x);
  const Vector<S, N> y = (exp_remainder<N, S>(r) * r + S(1)) * r;
  Vector<S, N> rest = power - S(1);  // 0 where x is small
  keep(rest);
  return x < spread<N>(Exponential<S>::lowest) ? spread<N>(S(-1)) : y * power + rest;
}

}  // namespace kd::cpu::simd
