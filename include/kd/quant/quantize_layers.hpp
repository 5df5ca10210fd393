// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <optional>

#include "kd/quant/bias_correction.hpp"
#include "kd/quant/calibrate.hpp"
#include "kd/quant/operations.hpp"

/// How each operation of reals becomes one of integers. A new layer is a copy of one of these.
namespace kd::quant {

/// What is known when it is the turn of an operation.
struct Context {
  Quantization x;
  Quantization other;                 ///< of a sum
  const std::vector<double>& x_mean;  ///< of each feature; empty: biases are not corrected
  Shape x_shape;
  Range range;  ///< of what it gives, behind the ReLU
  std::optional<graph::Activation::Kind> fused;
  /// Of each channel, where training has found them; empty: the largest weight becomes 127.
  const std::vector<float>& weight_scales;
};

/// An operation of integers, and how they stand for reals.
struct Quantized {
  Operation operation;
  Quantization y;
};

namespace detail {

/// A ReLU, and fewer bits than 8, as the ends of what a layer gives.
inline Clamp clamp_of(const Context& context, const Quantization& y) {
  Clamp clamp{lowest_of(y.bits), highest_of(y.bits)};
  if (context.fused) clamp.low = std::max(clamp.low, y.zero_point);
  if (context.fused == graph::Activation::Kind::relu6)
    clamp.high =
        std::min(clamp.high, y.zero_point + static_cast<std::int32_t>(std::round(6.F / y.scale)));
  return clamp;
}

template <class Real>
Quantization quantize_products(const Real& real, Index channels, const Context& context,
                               Weights& w) {
  w = rounded_weights(real.weight, real.bias, channels, context.x.scale, context.weight_scales);
  add_bias(w, real.bias, context.x.scale,
           context.x_mean.empty() ? MeanErrors{} : mean_errors(real, w, context.x_mean));
  const Quantization y = quantization_of(context.range, least_output_scale(w, context.x.scale));
  add_multipliers(w, context.x.scale, y.scale);
  return y;
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

inline double value(const graph::Activation& f, double x) {
  using Kind = graph::Activation::Kind;
  switch (f.kind) {
    case Kind::relu:
    case Kind::relu6:
      break;  // by integers alone, see there
    case Kind::leaky_relu:
      return x > 0 ? x : x * static_cast<double>(f.negative_slope);
    case Kind::hard_swish:
      return x * std::clamp(x + 3, 0., 6.) / 6;
    case Kind::gelu:
      return x * std::erfc(-x / std::sqrt(2.)) / 2;
    case Kind::silu:
      return x * sigmoid(x);
    case Kind::tanh:
      return std::tanh(x);
    case Kind::sigmoid:
      return sigmoid(x);
  }
  return x;
}

}  // namespace detail

inline Quantized quantize(const graph::Linear& linear, const Context& context) {
  Linear result{linear.in, linear.out, {}};
  const Quantization y = detail::quantize_products(linear, linear.out, context, result.weights);
  result.clamp = detail::clamp_of(context, y);
  return {result, y};
}

inline Quantized quantize(const graph::Convolution& conv, const Context& context) {
  Convolution result{conv.shape, {}};
  const Quantization y =
      detail::quantize_products(conv, conv.shape.out.channels, context, result.weights);
  result.clamp = detail::clamp_of(context, y);
  return {result, y};
}

/// A convolution of every channel by itself with one weight each.
inline Quantized quantize(const graph::BatchNorm& norm, const Context& context) {
  const auto channels = static_cast<Index>(norm.weight.size());
  const Shape& shape = context.x_shape;
  graph::Convolution conv{{.in = shape, .out = shape, .groups = channels}, {}, {}};
  for (std::size_t c = 0; c < norm.weight.size(); ++c) {
    const double scale =
        static_cast<double>(norm.weight[c]) /
        std::sqrt(static_cast<double>(norm.variance[c]) + static_cast<double>(norm.eps));
    conv.weight.push_back(static_cast<float>(scale));
    conv.bias.push_back(static_cast<float>(static_cast<double>(norm.bias[c]) -
                                           static_cast<double>(norm.mean[c]) * scale));
  }
  return quantize(conv, context);
}

inline Quantized quantize(const graph::LayerNorm& norm, const Context& context) {
  const auto n = static_cast<double>(norm.weight.size());
  const double unit = std::ldexp(1., -LayerNorm::fraction_bits);
  LayerNorm result;
  const double eps = n * n * static_cast<double>(norm.eps) /
                     (static_cast<double>(context.x.scale) * static_cast<double>(context.x.scale));
  result.eps = static_cast<std::int64_t>(std::round(std::min(eps, 0x1p58)));
  double largest = 0;
  for (std::size_t i = 0; i < norm.weight.size(); ++i)
    largest = std::max({largest, std::abs(static_cast<double>(norm.weight[i])) / most_weight,
                        std::abs(static_cast<double>(norm.bias[i])) / unit * 0x1p-30});
  result.scale =
      std::max(largest > 0 ? static_cast<float>(largest) : 1.F, std::numeric_limits<float>::min());
  const double bias_unit = static_cast<double>(result.scale) * unit;
  double most = 0;
  for (std::size_t i = 0; i < norm.weight.size(); ++i) {
    const double weight = static_cast<double>(norm.weight[i]) / static_cast<double>(result.scale);
    const double bias = static_cast<double>(norm.bias[i]) / bias_unit;
    result.weight.push_back(
        static_cast<std::int8_t>(std::clamp(std::round(weight), -most_weight, most_weight)));
    result.bias.push_back(static_cast<std::int32_t>(std::round(std::clamp(bias, -0x1p30, 0x1p30))));
    most = std::max(most, most_weight * std::sqrt(n) / unit + std::abs(bias));
  }
  const Quantization y =
      quantization_of(context.range, static_cast<float>(most * bias_unit * 0x1p-29));
  result.multiplier = multiplier_of(bias_unit / static_cast<double>(y.scale));
  result.clamp = detail::clamp_of(context, y);
  return {result, y};
}

/// A pool keeps the scale of what it takes.
inline Quantized quantize(const graph::MaxPool& pool, const Context& context) {
  return {MaxPool{pool.shape}, context.x};
}
inline Quantized quantize(const graph::AveragePool& pool, const Context& context) {
  return {AveragePool{pool.shape, pool.counts_border}, context.x};
}

/// A ReLU that nothing before it does brings numbers to its own scale, as a clamp behind a product
/// would.
inline Quantized quantize_relu(const graph::Activation& f, Context context) {
  context.fused = f.kind;
  const Quantization y =
      quantization_of(context.range, std::ldexp(context.x.scale, -20));  // shifted left it fits
  const Multiplier by =
      multiplier_of(static_cast<double>(context.x.scale) / static_cast<double>(y.scale));
  const Clamp clamp = detail::clamp_of(context, y);
  Table table{{}, f};
  for (std::int32_t q = lowest; q <= highest; ++q)
    table.values[static_cast<std::size_t>(q - lowest)] =
        clamp(requantise(q - context.x.zero_point, by) + y.zero_point);
  return {table, y};
}

/// Sigmoid and tanh have the scales that the field gives them, whatever they were seen to give:
/// 1/256 and 1/128 with 8 bits.
inline Quantization sigmoid_quantization(int bits) {
  return {std::ldexp(1.F, -bits), lowest_of(bits), bits};
}
inline Quantization tanh_quantization(int bits) { return {std::ldexp(1.F, 1 - bits), 0, bits}; }

/// Every other function is rounded once.
inline Quantized quantize(const graph::Activation& f, const Context& context) {
  using Kind = graph::Activation::Kind;
  if (f.kind == Kind::relu || f.kind == Kind::relu6) return quantize_relu(f, context);
  Quantization y = quantization_of(context.range);
  if (f.kind == Kind::sigmoid) y = sigmoid_quantization(y.bits);
  if (f.kind == Kind::tanh) y = tanh_quantization(y.bits);
  Table table{{}, f};
  for (std::int32_t q = lowest; q <= highest; ++q) {
    const double x =
        static_cast<double>(context.x.scale) * static_cast<double>(q - context.x.zero_point);
    table.values[static_cast<std::size_t>(q - lowest)] =
        y.quantise(static_cast<float>(detail::value(f, x)));
  }
  return {table, y};
}

inline Quantized quantize(const graph::Add&, const Context& context) {
  const double a = static_cast<double>(context.x.scale);
  const double b = static_cast<double>(context.other.scale);
  const double unit = 2 * std::max(a, b);
  // The sum's multiplier must be below 1.
  const Quantization y =
      quantization_of(context.range, static_cast<float>(std::ldexp(unit, 1 - Add::headroom)));
  Add add{multiplier_of(a / unit), multiplier_of(b / unit),
          multiplier_of(std::ldexp(unit, -Add::headroom) / static_cast<double>(y.scale))};
  add.clamp = detail::clamp_of(context, y);
  return {add, y};
}

}  // namespace kd::quant
