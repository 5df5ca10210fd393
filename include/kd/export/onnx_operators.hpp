// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "kd/export/onnx_model.hpp"
#include "kd/graph/operations.hpp"

/// ONNX's operators for what networks compute, in float or between integers: names of tensors in,
/// the name of a tensor out.
namespace kd::onnx {

using Names = std::vector<std::string>;

/// `y = W x + b`: weight (out, in).
inline void gemm(Model& m, const Names& x_weight_bias, const std::string& y) {
  m.node("Gemm", x_weight_bias, y, {{"transB", Index{1}}});
}

/// The window's attributes; pads are no larger than what is seen of them.
inline std::vector<Attribute> window(const ConvShape& s) {
  const auto after = [&](Index in, Index out, Index kernel, Index before) {
    return std::max<Index>(0, (out - 1) * s.stride + kernel - in - before);
  };
  return {
      {"kernel_shape", std::vector<Index>{s.height, s.width}},
      {"strides", std::vector<Index>{s.stride, s.stride}},
      {"pads", std::vector<Index>{s.top, s.left, after(s.in.height, s.out.height, s.height, s.top),
                                  after(s.in.width, s.out.width, s.width, s.left)}}};
}

inline void convolution(Model& m, const ConvShape& shape, const Names& x_weight_bias,
                        const std::string& y) {
  std::vector<Attribute> attributes = window(shape);
  attributes.push_back({"group", shape.groups});
  m.node("Conv", x_weight_bias, y, attributes);
}

inline void max_pool(Model& m, const graph::MaxPool& pool, const std::string& x,
                     const std::string& y) {
  m.node("MaxPool", {x}, y, window(pool.shape));
}

inline void average_pool(Model& m, const ConvShape& shape, bool counts_border, const std::string& x,
                         const std::string& y) {
  std::vector<Attribute> attributes = window(shape);
  attributes.push_back({"count_include_pad", Index{counts_border ? 1 : 0}});
  m.node("AveragePool", {x}, y, attributes);
}

/// From operators that old runtimes know.
inline void activation(Model& m, const graph::Activation& f, const std::string& x,
                       const std::string& y) {
  using Kind = graph::Activation::Kind;
  const std::string part = y + "/part";
  switch (f.kind) {
    case Kind::relu:
      m.node("Relu", {x}, y);
      break;
    case Kind::relu6:
      m.node("Clip", {x, m.scalar(y + "/zero", 0.F), m.scalar(y + "/six", 6.F)}, y);
      break;
    case Kind::leaky_relu:
      m.node("LeakyRelu", {x}, y, {{"alpha", f.negative_slope}});
      break;
    case Kind::hard_swish:
      m.node("HardSigmoid", {x}, part, {{"alpha", 1.F / 6}, {"beta", 0.5F}});
      m.node("Mul", {x, part}, y);
      break;
    case Kind::gelu:
      m.node("Mul", {x, m.scalar(y + "/root", 0.70710678F)}, part);
      m.node("Erf", {part}, y + "/erf");
      m.node("Add", {y + "/erf", m.scalar(y + "/one", 1.F)}, y + "/sum");
      m.node("Mul", {x, m.scalar(y + "/half", 0.5F)}, y + "/halved");
      m.node("Mul", {y + "/halved", y + "/sum"}, y);
      break;
    case Kind::silu:
      m.node("Sigmoid", {x}, part);
      m.node("Mul", {x, part}, y);
      break;
    case Kind::tanh:
      m.node("Tanh", {x}, y);
      break;
    case Kind::sigmoid:
      m.node("Sigmoid", {x}, y);
      break;
  }
}

/// x, weight, bias: the operator of that name is younger.
inline void layer_norm(Model& m, const std::string& x, const std::string& weight,
                       const std::string& bias, float eps, const std::string& y) {
  const std::vector<Attribute> over_features{{"axes", std::vector<Index>{1}},
                                             {"keepdims", Index{1}}};
  m.node("ReduceMean", {x}, y + "/mean", over_features);
  m.node("Sub", {x, y + "/mean"}, y + "/above");
  m.node("Mul", {y + "/above", y + "/above"}, y + "/squares");
  m.node("ReduceMean", {y + "/squares"}, y + "/variance", over_features);
  m.node("Add", {y + "/variance", m.scalar(y + "/eps", eps)}, y + "/steady");
  m.node("Sqrt", {y + "/steady"}, y + "/deviation");
  m.node("Div", {y + "/above", y + "/deviation"}, y + "/normal");
  m.node("Mul", {y + "/normal", weight}, y + "/scaled");
  m.node("Add", {y + "/scaled", bias}, y);
}

}  // namespace kd::onnx
