// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "kd/core/activation.hpp"
#include "kd/cuda/thread.cuh"

/// Functions of one number and their derivatives, as `kd/cpu/activations.hpp` has them: NaN stays
/// NaN, infinity gives the limit, and no finite number gives NaN.
///
/// `value(f, x)`; `slope(f, x, y)`, y being the value.
namespace kd::cuda::activations {

template <Real S>
inline constexpr S largest = std::numeric_limits<S>::max();

/// -infinity becomes the lowest number, so that times 0 it is 0.
template <Real S>
__device__ __forceinline__ S above_infinity(S x) {
  return x < -largest<S> ? -largest<S> : x;
}

/// The same on both sides.
template <Real S>
__device__ __forceinline__ S within_infinities(S x) {
  return above_infinity(x > largest<S> ? largest<S> : x);
}

template <Real S>
struct Logistic {
  S of_x, of_minus_x;
};

template <Real S>
__device__ __forceinline__ Logistic<S> logistic(S x) {
  const S small = std::exp(-std::abs(x));
  const S upper = S(1) / (S(1) + small);
  const S lower = small * upper;
  return x < S(0) ? Logistic<S>{lower, upper} : Logistic<S>{upper, lower};
}

/// The normal distribution's function.
template <Real S>
__device__ __forceinline__ S normal_distribution(S x) {
  return S(0.5) * std::erfc(x * S(-0.70710678118654752440));
}

template <Real S>
__device__ __forceinline__ S value(activation::ReLU6, S x) {
  return x < S(0) ? S(0) : (x > S(6) ? S(6) : x);
}
template <Real S>
__device__ __forceinline__ S slope(activation::ReLU6, S x, S) {
  return x <= S(0) || x >= S(6) ? S(0) : S(1);
}

template <Real S>
__device__ __forceinline__ S value(activation::LeakyReLU<S> f, S x) {
  return x > S(0) ? x : f.negative_slope * x;
}
template <Real S>
__device__ __forceinline__ S slope(activation::LeakyReLU<S> f, S x, S) {
  return x > S(0) ? S(1) : f.negative_slope;
}

template <Real S>
__device__ __forceinline__ S value(activation::HardSwish, S x) {
  return x <= S(-3) ? S(0) : (x >= S(3) ? x : x * ((x + S(3)) * S(1. / 6)));
}
template <Real S>
__device__ __forceinline__ S slope(activation::HardSwish, S x, S) {
  return x <= S(-3) ? S(0) : (x >= S(3) ? S(1) : x * S(1. / 3) + S(0.5));
}

template <Real S>
__device__ __forceinline__ S value(activation::GELU, S x) {
  return above_infinity(x) * normal_distribution(x);
}
template <Real S>
__device__ __forceinline__ S slope(activation::GELU, S x, S) {
  const S density = S(0.39894228040143267794) * std::exp(x * x * S(-0.5));
  return normal_distribution(x) + within_infinities(x) * density;
}

template <Real S>
__device__ __forceinline__ S value(activation::SiLU, S x) {
  return above_infinity(x) * logistic(x).of_x;
}
template <Real S>
__device__ __forceinline__ S slope(activation::SiLU, S x, S) {
  const Logistic<S> s = logistic(x);
  return s.of_x * (S(1) + within_infinities(x) * s.of_minus_x);
}

template <Real S>
__device__ __forceinline__ S value(activation::Tanh, S x) {
  return std::tanh(x);
}
template <Real S>
__device__ __forceinline__ S slope(activation::Tanh, S, S y) {
  return S(1) - y * y;
}

template <Real S>
__device__ __forceinline__ S value(activation::Sigmoid, S x) {
  return logistic(x).of_x;
}
template <Real S>
__device__ __forceinline__ S slope(activation::Sigmoid, S, S y) {
  return y * (S(1) - y);
}

}  // namespace kd::cuda::activations
