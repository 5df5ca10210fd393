// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "kd/core/error.hpp"
#include "kd/quant/operations.hpp"

/// From real weights to integers: each output channel has a scale of its own, chosen so that no sum
/// of 32 bits can overflow.
namespace kd::quant {

inline constexpr double most_weight = 127;

/// The scale of a channel's weights: `wanted`, or where that is 0 `max |w| / 127`; or more, where
/// otherwise the bias would need more than 30 bits, or bias and products together more than 31. A
/// channel of zeros, bias too, has the scale 1.
inline float weight_scale(std::span<const float> weights, float bias, float input_scale,
                          float wanted = 0) {
  double largest = 0;
  double sum = 0;
  for (const float weight : weights) {
    largest = std::max(largest, std::abs(static_cast<double>(weight)));
    sum += std::abs(static_cast<double>(weight));
  }
  const double for_bias = std::abs(static_cast<double>(bias)) / static_cast<double>(input_scale);
  const double for_weights = wanted > 0 ? static_cast<double>(wanted) : largest / most_weight;
  double scale = std::max(for_weights, for_bias * 0x1p-30);
  if (scale == 0) return 1;
  // |products| <= 256 (sum |w| / scale + 1/2 each), and a correction of the bias as much as these
  // halves; all of it is below 2^31.
  const auto terms = static_cast<double>(weights.size());
  scale = std::max(scale, (256 * sum + for_bias) / (0x1p31 - 256 * (terms + 2)));
  // A scale in float, not below what it must be.
  auto rounded = static_cast<float>(scale);
  if (static_cast<double>(rounded) < scale && scale > for_weights)
    rounded = std::nextafter(rounded, std::numeric_limits<float>::infinity());
  return std::max(rounded, std::numeric_limits<float>::min());
}

/// What a bias correction is asked: by how much rounding the weights moves the mean of each
/// channel. Empty: nothing is corrected.
using MeanErrors = std::vector<double>;

/// (channels, depth) weights row-major in integers, with their scales, the wanted ones if there are
/// such; bias and multipliers are not known yet.
inline Weights rounded_weights(std::span<const float> weight, std::span<const float> bias,
                               Index channels, float input_scale,
                               std::span<const float> wanted = {}) {
  const Index depth = static_cast<Index>(weight.size()) / channels;
  constexpr Index most_terms = Index{1} << 22;
  if (depth > most_terms)
    throw ConfigError(kd::detail::text("quantize: expected at most ", most_terms,
                                       " weights an output, whose sum 32 bits hold, got ", depth));
  Weights w;
  for (Index c = 0; c < channels; ++c) {
    const auto row =
        weight.subspan(static_cast<std::size_t>(c * depth), static_cast<std::size_t>(depth));
    const auto at = static_cast<std::size_t>(c);
    const float scale = weight_scale(row, bias.empty() ? 0 : bias[at], input_scale,
                                     wanted.empty() ? 0 : wanted[at]);
    w.scales.push_back(scale);
    for (const float each : row) {
      const double q = std::round(static_cast<double>(each) / static_cast<double>(scale));
      w.weight.push_back(static_cast<std::int8_t>(std::clamp(q, -most_weight, most_weight)));
    }
  }
  return w;
}

/// The bias in units of input and weight scale, less the mean errors.
inline void add_bias(Weights& w, std::span<const float> bias, float input_scale,
                     const MeanErrors& errors) {
  for (std::size_t c = 0; c < w.scales.size(); ++c) {
    const double unit = static_cast<double>(input_scale) * static_cast<double>(w.scales[c]);
    const double real =
        (bias.empty() ? 0. : static_cast<double>(bias[c])) - (errors.empty() ? 0. : errors[c]);
    w.bias.push_back(
        static_cast<std::int32_t>(std::round(std::clamp(real / unit, -0x1p30, 0x1p30))));
  }
}

/// The least scale of an output with which no sum, shifted left, overflows; a bit is to spare.
inline float least_output_scale(const Weights& w, float input_scale) {
  const std::size_t depth = w.weight.size() / w.scales.size();
  double least = 0;
  for (std::size_t c = 0; c < w.scales.size(); ++c) {
    double most = std::abs(static_cast<double>(w.bias[c]));
    for (std::size_t i = 0; i < depth; ++i)
      most += 256 * std::abs(static_cast<double>(w.weight[c * depth + i]));
    least = std::max(least, most * static_cast<double>(input_scale) *
                                static_cast<double>(w.scales[c]) * 0x1p-29);
  }
  return static_cast<float>(least);
}

inline void add_multipliers(Weights& w, float input_scale, float output_scale) {
  for (const float scale : w.scales)
    w.multipliers.push_back(
        multiplier_of(static_cast<double>(input_scale) * static_cast<double>(scale) /
                      static_cast<double>(output_scale)));
}

}  // namespace kd::quant
