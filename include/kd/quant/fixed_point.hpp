// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

/// Multiplying integers by real factors without a floating-point number, bit for bit as the
/// reference kernels of TensorFlow Lite Micro do by default (gemmlowp's double rounding).
namespace kd::quant {

/// A positive factor as `value 2^(shift - 31)`, value in [2^30, 2^31) or 0.
struct Multiplier {
  std::int32_t value = 0;
  int shift = 0;

  friend bool operator==(const Multiplier&, const Multiplier&) = default;
};

/// The multiplier nearest to `factor`; a factor below 2^-32 is 0.
inline Multiplier multiplier_of(double factor) {
  if (factor == 0) return {};
  int shift = 0;
  const double mantissa = std::frexp(factor, &shift);
  auto value = static_cast<std::int64_t>(std::round(mantissa * 0x1p31));
  if (value == std::int64_t{1} << 31) {
    value /= 2;
    ++shift;
  }
  if (shift < -31) return {};
  return {static_cast<std::int32_t>(value), shift};
}

/// `a b / 2^31`, rounded to the nearest, halves up.
inline std::int32_t high_product(std::int32_t a, std::int32_t b) {
  constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min();
  if (a == least && b == least) return std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>((std::int64_t{a} * b + (std::int64_t{1} << 30)) >> 31);
}

/// `x / 2^exponent`, rounded to the nearest, halves away from zero.
inline std::int32_t divided_by_power(std::int32_t x, int exponent) {
  const std::int32_t mask = static_cast<std::int32_t>((std::int64_t{1} << exponent) - 1);
  const std::int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}

/// `x` times the factor. `x 2^shift` must fit 32 bits where shift is positive.
inline std::int32_t requantise(std::int32_t x, const Multiplier& by) {
  const std::int32_t left = x * (std::int32_t{1} << std::max(by.shift, 0));
  return divided_by_power(high_product(left, by.value), std::max(-by.shift, 0));
}

}  // namespace kd::quant
