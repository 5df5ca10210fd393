// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <optional>

#include "kd/export/onnx_layers.hpp"
#include "kd/quant/operations.hpp"

/// How each operation of integers is written in ONNX: as operators on reals between
/// `DequantizeLinear` and `QuantizeLinear`, which runtimes make integers of. A new layer is a copy
/// of one of these.
namespace kd::onnx {

struct QuantizedPlace : Place {
  quant::Quantization x_is, y_is;
  std::optional<graph::Activation::Kind> fused;
};

/// Integers as reals, with one scale or one for each of the first extent.
template <class T>
std::string dequantized(Model& m, const std::string& name, const std::vector<Index>& extents,
                        const std::vector<T>& numbers, const std::vector<float>& scales) {
  const bool one = scales.size() == 1;
  const std::vector<Index> extent =
      one ? std::vector<Index>{} : std::vector<Index>{static_cast<Index>(scales.size())};
  return m.node(
      "DequantizeLinear",
      {m.constant(name + "_q", extents, numbers), m.constant(name + "_scale", extent, scales),
       m.constant(name + "_zero_point", extent, std::vector<T>(scales.size(), T{0}))},
      name, one ? std::vector<Attribute>{} : std::vector<Attribute>{{"axis", Index{0}}});
}

/// Rounds reals to the integers of a tensor, and back. ONNX has integers of 8 bits: what fewer
/// cannot hold is cut off before.
inline void rounded(Model& m, std::string x, const std::string& y, const quant::Quantization& is) {
  if (is.bits < 8) {
    const auto end = [&](std::int32_t q) { return is.dequantise(static_cast<std::int8_t>(q)); };
    m.node("Clip",
           {x, m.scalar(y + "_low", end(quant::lowest_of(is.bits))),
            m.scalar(y + "_high", end(quant::highest_of(is.bits)))},
           y + "_cut");
    x = y + "_cut";
  }
  const std::string scale = m.scalar(y + "_scale", is.scale);
  const std::string zero = m.scalar(y + "_zero_point", static_cast<std::int8_t>(is.zero_point));
  m.node("QuantizeLinear", {x, scale, zero}, y + "_q");
  m.node("DequantizeLinear", {y + "_q", scale, zero}, y);
}

/// Where what an operation gives goes before it is rounded; the ReLU that its clamp does, too.
template <class Write>
void then_rounded(Model& m, const QuantizedPlace& at, const Write& write) {
  std::string real = at.y + "_real";
  write(real);
  if (at.fused) {
    activation(m, {*at.fused}, real, at.y + "_relu");
    real = at.y + "_relu";
  }
  rounded(m, real, at.y, at.y_is);
}

/// Weight and bias of a product.
inline Names weight_and_bias(Model& m, const quant::Weights& w, std::vector<Index> extents,
                             const QuantizedPlace& at) {
  std::vector<float> bias_scales;
  for (const float scale : w.scales) bias_scales.push_back(at.x_is.scale * scale);
  const std::vector<Index> channels{extents[0]};
  return {at.x, dequantized(m, at.layer + ".weight", extents, w.weight, w.scales),
          dequantized(m, at.layer + ".bias", channels, w.bias, bias_scales)};
}

inline void emit(Model& m, const quant::Linear& linear, const QuantizedPlace& at) {
  const Names inputs = weight_and_bias(m, linear.weights, {linear.out, linear.in}, at);
  then_rounded(m, at, [&](const std::string& y) { gemm(m, inputs, y); });
}

inline void emit(Model& m, const quant::Convolution& conv, const QuantizedPlace& at) {
  const ConvShape& s = conv.shape;
  const Names inputs =
      weight_and_bias(m, conv.weights, {s.out.channels, s.ins(), s.height, s.width}, at);
  then_rounded(m, at, [&](const std::string& y) { convolution(m, s, inputs, y); });
}

inline void emit(Model& m, const quant::MaxPool& pool, const QuantizedPlace& at) {
  then_rounded(m, at, [&](const std::string& y) { max_pool(m, {pool.shape}, at.x, y); });
}

inline void emit(Model& m, const quant::AveragePool& pool, const QuantizedPlace& at) {
  then_rounded(m, at, [&](const std::string& y) {
    average_pool(m, pool.shape, pool.counts_border, at.x, y);
  });
}

inline void emit(Model& m, const quant::Table& table, const QuantizedPlace& at) {
  then_rounded(m, at, [&](const std::string& y) { activation(m, table.activation, at.x, y); });
}

inline void emit(Model& m, const quant::Add&, const QuantizedPlace& at) {
  then_rounded(m, at, [&](const std::string& y) { m.node("Add", {at.x, at.other}, y); });
}

inline void emit(Model& m, const quant::LayerNorm& norm, const QuantizedPlace& at) {
  const std::vector<Index> extents{static_cast<Index>(norm.weight.size())};
  const auto n = static_cast<double>(norm.weight.size());
  const double unit = static_cast<double>(at.x_is.scale) / n;
  const auto eps = static_cast<float>(static_cast<double>(norm.eps) * unit * unit);
  const std::string weight =
      dequantized(m, at.layer + ".weight", extents, norm.weight, {norm.scale});
  const std::string bias = dequantized(m, at.layer + ".bias", extents, norm.bias,
                                       {std::ldexp(norm.scale, -quant::LayerNorm::fraction_bits)});
  then_rounded(m, at, [&](const std::string& y) { layer_norm(m, at.x, weight, bias, eps, y); });
}

}  // namespace kd::onnx
