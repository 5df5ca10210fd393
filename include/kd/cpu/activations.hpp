// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "kd/core/activation.hpp"
#include "kd/cpu/exponential.hpp"
#include "kd/cpu/normal.hpp"

/// Functions of one number and their derivatives, on vectors. NaN stays NaN, infinity gives the
/// limit (one that is a product of zero and infinity, too), and no finite number gives NaN.
///
/// `value(f, x)`; `slope(f, x, y)`, y being the value.
namespace kd::cpu::activations {

template <Index N, Real S>
using Vector = simd::Vector<S, N>;

/// -infinity becomes the lowest number, so that times 0 it is 0.
template <Index N, Real S>
inline Vector<N, S> above_infinity(const Vector<N, S>& x) {
  const auto lowest = simd::spread<N>(std::numeric_limits<S>::lowest());
  return x < lowest ? lowest : x;
}

/// The same on both sides.
template <Index N, Real S>
inline Vector<N, S> within_infinities(const Vector<N, S>& x) {
  const auto largest = simd::spread<N>(std::numeric_limits<S>::max());
  return above_infinity<N, S>(x > largest ? largest : x);
}

/// `1 / (1 + exp(-x))` and `1 / (1 + exp(x))`: neither is 1 less the other, which loses digits.
template <Index N, Real S>
struct Logistic {
  Vector<N, S> of_x, of_minus_x;
};

template <Index N, Real S>
inline Logistic<N, S> logistic(const Vector<N, S>& x) {
  const Vector<N, S> small = simd::exp_not_positive<N, S>(-simd::magnitude<N, S>(x));
  const Vector<N, S> upper = S(1) / (S(1) + small);
  const Vector<N, S> lower = small * upper;
  const auto is_negative = x < simd::spread<N>(S(0));
  return {is_negative ? lower : upper, is_negative ? upper : lower};
}

/// `min(max(x, 0), 6)`
template <Index N, Real S>
inline Vector<N, S> value(activation::ReLU6, const Vector<N, S>& x) {
  const auto zero = simd::spread<N>(S(0));
  const auto six = simd::spread<N>(S(6));
  return x < zero ? zero : (x > six ? six : x);
}
template <Index N, Real S>
inline Vector<N, S> slope(activation::ReLU6, const Vector<N, S>& x, const Vector<N, S>&) {
  const auto zero = simd::spread<N>(S(0));
  return x <= zero ? zero : (x >= simd::spread<N>(S(6)) ? zero : simd::spread<N>(S(1)));
}

/// `x` where it is positive, else `negative_slope x`
template <Index N, Real S>
inline Vector<N, S> value(activation::LeakyReLU<S> f, const Vector<N, S>& x) {
  return x > simd::spread<N>(S(0)) ? x : f.negative_slope * x;
}
template <Index N, Real S>
inline Vector<N, S> slope(activation::LeakyReLU<S> f, const Vector<N, S>& x, const Vector<N, S>&) {
  return x > simd::spread<N>(S(0)) ? simd::spread<N>(S(1)) : simd::spread<N>(f.negative_slope);
}

/// `x min(max(x + 3, 0), 6) / 6`
template <Index N, Real S>
inline Vector<N, S> value(activation::HardSwish, const Vector<N, S>& x) {
  const auto three = simd::spread<N>(S(3));
  const Vector<N, S> between = x * ((x + S(3)) * S(1. / 6));
  return x <= -three ? simd::spread<N>(S(0)) : (x >= three ? x : between);
}
template <Index N, Real S>
inline Vector<N, S> slope(activation::HardSwish, const Vector<N, S>& x, const Vector<N, S>&) {
  const auto three = simd::spread<N>(S(3));
  const Vector<N, S> between = x * S(1. / 3) + S(0.5);
  return x <= -three ? simd::spread<N>(S(0)) : (x >= three ? simd::spread<N>(S(1)) : between);
}

/// `x Phi(x)`, Phi being the normal distribution's function
template <Index N, Real S>
inline Vector<N, S> value(activation::GELU, const Vector<N, S>& x) {
  return above_infinity<N, S>(x) * simd::normal<N, S>(x).distribution;
}
template <Index N, Real S>
inline Vector<N, S> slope(activation::GELU, const Vector<N, S>& x, const Vector<N, S>&) {
  constexpr S one_by_root_of_two_pi = S(0.39894228040143267794);
  const auto [distribution, bell] = simd::normal<N, S>(x);
  return distribution + within_infinities<N, S>(x) * (one_by_root_of_two_pi * bell);
}

/// `x / (1 + exp(-x))`
template <Index N, Real S>
inline Vector<N, S> value(activation::SiLU, const Vector<N, S>& x) {
  return above_infinity<N, S>(x) * logistic<N, S>(x).of_x;
}
template <Index N, Real S>
inline Vector<N, S> slope(activation::SiLU, const Vector<N, S>& x, const Vector<N, S>&) {
  const auto [up, down] = logistic<N, S>(x);
  return up * (S(1) + within_infinities<N, S>(x) * down);
}

/// `tanh(|x|) = -m / (2 + m)` with `m = exp(-2 |x|) - 1`, which has all its digits near 0
template <Index N, Real S>
inline Vector<N, S> value(activation::Tanh, const Vector<N, S>& x) {
  using Bits = simd::Vector<kd::detail::BitsOf<S>, N>;
  const Vector<N, S> m = simd::expm1_not_positive<N, S>(simd::magnitude<N, S>(x) * S(-2));
  const Bits sign = simd::bits_as<Bits>(x) & ~kd::detail::all_but_sign<S>;
  const Vector<N, S> size = simd::magnitude<N, S>(m / (m + S(2)));
  return simd::bits_as<Vector<N, S>>(simd::bits_as<Bits>(size) | sign);
}
template <Index N, Real S>
inline Vector<N, S> slope(activation::Tanh, const Vector<N, S>&, const Vector<N, S>& y) {
  return S(1) - y * y;
}

/// `1 / (1 + exp(-x))`
template <Index N, Real S>
inline Vector<N, S> value(activation::Sigmoid, const Vector<N, S>& x) {
  return logistic<N, S>(x).of_x;
}
template <Index N, Real S>
inline Vector<N, S> slope(activation::Sigmoid, const Vector<N, S>&, const Vector<N, S>& y) {
  return y * (S(1) - y);
}

}  // namespace kd::cpu::activations
