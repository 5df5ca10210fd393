// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace kd::quant {

inline constexpr std::int32_t lowest = -128;
inline constexpr std::int32_t highest = 127;

/// Within what the numbers of a tensor lie.
struct Range {
  float low = 0;
  float high = 0;
};

/// How an 8-bit integer stands for a real number: `real = scale (q - zero_point)`.
struct Quantization {
  float scale = 1;
  std::int32_t zero_point = 0;

  /// The nearest integer, halves away from zero, within 8 bits.
  std::int8_t quantise(float real) const {
    const float q = std::round(real / scale) + static_cast<float>(zero_point);
    if (!(q > static_cast<float>(lowest))) return static_cast<std::int8_t>(lowest);  // NaN too
    return static_cast<std::int8_t>(std::min(q, static_cast<float>(highest)));
  }
  float dequantise(std::int8_t q) const { return scale * static_cast<float>(q - zero_point); }

  friend bool operator==(const Quantization&, const Quantization&) = default;
};

/// For numbers in a range, which is stretched to hold zero, so that zero is exact. All of its 256
/// steps are used, unless `least_scale` is larger. A range of zero alone has the scale 1.
inline Quantization quantization_of(const Range& range, float least_scale = 0) {
  const double low = std::min(0., static_cast<double>(range.low));
  const double high = std::max(0., static_cast<double>(range.high));
  float scale = std::max(static_cast<float>((high - low) / (highest - lowest)), least_scale);
  if (high == low) scale = 1;
  scale = std::max(scale, std::numeric_limits<float>::min());  // smaller ones have few digits
  const double zero = std::round(lowest - low / static_cast<double>(scale));
  return {scale, static_cast<std::int32_t>(std::clamp(zero, double{lowest}, double{highest}))};
}

}  // namespace kd::quant
