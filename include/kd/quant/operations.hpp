// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <variant>
#include <vector>

#include "kd/graph/operations.hpp"
#include "kd/quant/fixed_point.hpp"
#include "kd/quant/quantization.hpp"

/// What a network of 8-bit integers computes. All sums are of 32 bits and exact, so the order in
/// which they are taken does not matter.
namespace kd::quant {

/// Between what a result is cut off, which is also how a ReLU behind is done.
struct Clamp {
  std::int32_t low = lowest;
  std::int32_t high = highest;

  std::int8_t operator()(std::int32_t q) const {
    return static_cast<std::int8_t>(std::clamp(q, low, high));
  }
};

/// Weights with a scale for each output channel and zero point 0, in [-127, 127]; a bias of the
/// scale of input and weight together; what brings a channel's sum to the scale of the output.
struct Weights {
  std::vector<std::int8_t> weight;
  std::vector<std::int32_t> bias;
  std::vector<float> scales;
  std::vector<Multiplier> multipliers;
};

/// `y = clamp(zero_point_out + requantise(b + W (x - zero_point_in)))`
struct Linear {
  Index in;
  Index out;
  Weights weights;
  Clamp clamp = {};
};

/// The same for every window; the border holds zeros, which are zero points.
struct Convolution {
  ConvShape shape;
  Weights weights;
  Clamp clamp = {};
};

/// The largest of a window's integers.
struct MaxPool {
  ConvShape shape;
};

/// The mean of a window's integers, halves away from zero; where the border counts it holds zero
/// points.
struct AveragePool {
  ConvShape shape;
  bool counts_border;
};

/// Any function of one number: what each of the 256 integers, -128 first, becomes.
struct Table {
  std::array<std::int8_t, 256> values;
  graph::Activation activation;
};

/// `y = clamp(zero_point + requantise(a' + b'))`, `a'` and `b'` being 2^20 times what they stand
/// for in units of twice the larger scale.
struct Add {
  static constexpr int headroom = 20;
  Multiplier first;
  Multiplier second;
  Multiplier sum;
  Clamp clamp = {};
};

/// `n = (x - mean) / sqrt(variance + eps)` in units of 2^-12, then
/// `y = clamp(zero_point + requantise(w n + b))`. Weights share one scale.
struct LayerNorm {
  static constexpr int fraction_bits = 12;
  std::vector<std::int8_t> weight;
  std::vector<std::int32_t> bias;
  std::int64_t eps;  ///< n^2 eps in units of the input's scale, squared
  float scale;       ///< of the weights
  Multiplier multiplier;
  Clamp clamp = {};
};

using Operation = std::variant<Linear, Convolution, MaxPool, AveragePool, Table, Add, LayerNorm>;

}  // namespace kd::quant
