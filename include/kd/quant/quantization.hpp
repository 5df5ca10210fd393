// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace kd::quant {

inline constexpr std::int32_t lowest = -128;
inline constexpr std::int32_t highest = 127;

/// The ends of the integers of so many bits, 2 to 8.
constexpr std::int32_t lowest_of(int bits) { return -(1 << (bits - 1)); }
constexpr std::int32_t highest_of(int bits) { return (1 << (bits - 1)) - 1; }

/// Within what the numbers of a tensor lie, and how many bits tell them apart.
struct Range {
  double low = 0;
  double high = 0;
  int bits = 8;
};

/// How an integer stands for a real number: `real = scale (q - zero_point)`. It has 8 bits, or
/// fewer in an `int8_t` that does not use them all.
struct Quantization {
  float scale = 1;
  std::int32_t zero_point = 0;
  int bits = 8;

  /// The nearest integer, halves away from zero, within its bits.
  std::int8_t quantise(float real) const {
    const auto low = static_cast<float>(lowest_of(bits));
    const float q = std::round(real / scale) + static_cast<float>(zero_point);
    if (!(q > low)) return static_cast<std::int8_t>(low);  // NaN too
    return static_cast<std::int8_t>(std::min(q, static_cast<float>(highest_of(bits))));
  }
  float dequantise(std::int8_t q) const { return scale * static_cast<float>(q - zero_point); }

  friend bool operator==(const Quantization&, const Quantization&) = default;
};

/// For numbers in a range, which is stretched to hold zero, so that zero is exact. All of its
/// steps, 255 of 8 bits, are used, unless `least_scale` is larger. A range of zero alone has the
/// scale 1.
inline Quantization quantization_of(const Range& range, float least_scale = 0) {
  const double first = lowest_of(range.bits);
  const double last = highest_of(range.bits);
  const double low = std::min(0., range.low);
  const double high = std::max(0., range.high);
  float scale = std::max(static_cast<float>((high - low) / (last - first)), least_scale);
  if (high == low) scale = 1;
  scale = std::max(scale, std::numeric_limits<float>::min());  // smaller ones have few digits
  const double zero = std::round(first - low / static_cast<double>(scale));
  return {scale, static_cast<std::int32_t>(std::clamp(zero, first, last)), range.bits};
}

}  // namespace kd::quant
