// SPDX-License-Identifier: MIT
#pragma once

#include "kd/quant/quantized_network.hpp"

namespace kd::test {

/// Weights that are the same wherever they are made.
inline quant::Weights integer_weights(Index channels, Index depth, float from, float to, int seed) {
  quant::Weights w;
  for (Index c = 0; c < channels; ++c) {
    for (Index i = 0; i < depth; ++i)
      w.weight.push_back(static_cast<std::int8_t>((c * 59 + i * 37 + seed * 11) % 255 - 127));
    w.bias.push_back(static_cast<std::int32_t>((c * 7919 + seed * 31) % 4001 - 2000));
    w.scales.push_back(static_cast<float>(16 + (c * 5) % 13) * 0x1p-12F);
  }
  for (const float scale : w.scales)
    w.multipliers.push_back(quant::multiplier_of(
        static_cast<double>(from) * static_cast<double>(scale) / static_cast<double>(to)));
  return w;
}

/// A network of integers with every kind of arithmetic that TensorFlow Lite Micro has too, made
/// without a rounding: what it gives is the same on every machine.
inline QuantizedNetwork integer_network() {
  using graph::Activation;
  const quant::Quantization in{0x1.9p-5F, -3}, conv{0x1.8p-3F, -128}, deep{0x1.4p-4F, 11},
      sum{0x1.2p-3F, -128}, out{0x1.3p-2F, 5};
  const ConvShape first{.in = {3, 9, 8},
                        .out = {10, 5, 4},
                        .height = 3,
                        .width = 3,
                        .stride = 2,
                        .top = 1,
                        .left = 0};
  const ConvShape depthwise{.in = {10, 5, 4},
                            .out = {10, 5, 4},
                            .height = 3,
                            .width = 3,
                            .stride = 1,
                            .top = 1,
                            .left = 1,
                            .groups = 10};
  const ConvShape largest{
      .in = {10, 5, 4}, .out = {10, 2, 2}, .height = 2, .width = 2, .stride = 2};
  const ConvShape mean{.in = {10, 2, 2}, .out = {10, 2, 2}, .height = 2, .width = 2};
  const double unit =
      2 * std::max(static_cast<double>(conv.scale), static_cast<double>(deep.scale));
  const auto share = [](double a, double b) { return quant::multiplier_of(a / b); };
  const quant::Add add{share(static_cast<double>(deep.scale), unit),
                       share(static_cast<double>(conv.scale), unit),
                       share(unit * 0x1p-20, static_cast<double>(sum.scale)),
                       {-128, static_cast<std::int32_t>(std::round(6.F / sum.scale)) - 128}};
  std::vector<quant::Node> nodes{
      {quant::Convolution{first, integer_weights(10, 27, in.scale, conv.scale, 1)},
       {0, 0},
       first.out,
       conv,
       "conv",
       "0",
       Activation::Kind::relu},
      {quant::Convolution{depthwise, integer_weights(10, 9, conv.scale, deep.scale, 2)},
       {1, 0},
       depthwise.out,
       deep,
       "depthwise",
       "1"},
      {add, {2, 1}, depthwise.out, sum, "sum", "2", Activation::Kind::relu6},
      {quant::MaxPool{largest}, {3, 0}, largest.out, sum, "largest", "3"},
      {quant::AveragePool{mean, false}, {4, 0}, mean.out, sum, "mean", "4"},
      {quant::Linear{40, 7, integer_weights(7, 40, sum.scale, out.scale, 3)},
       {5, 0},
       Shape{7},
       out,
       "linear",
       "5"}};
  return QuantizedNetwork({3, 9, 8}, true, in, std::move(nodes));
}

/// Integers of every size: (features, samples).
inline Matrix<std::int8_t> integer_samples(Index features, Index samples) {
  Matrix<std::int8_t> x(features, samples);
  for (Index b = 0; b < samples; ++b)
    for (Index i = 0; i < features; ++i)
      x(i, b) = static_cast<std::int8_t>((i * i * 7 + i * 31 * (b + 1) + b * b * 13) % 256 - 128);
  return x;
}

}  // namespace kd::test
