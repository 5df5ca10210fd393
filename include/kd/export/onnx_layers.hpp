// SPDX-License-Identifier: MIT
#pragma once

#include "kd/export/onnx_operators.hpp"

/// How each operation is written in ONNX: its constants by the names that PyTorch has, its
/// operators. A new layer is a copy of one of these.
namespace kd::onnx {

/// The names of the tensors of an operation, and of its layer: "2.branch.0".
struct Place {
  std::string x, other, y;
  std::string layer;
};

inline void emit(Model& m, const graph::Linear& linear, const Place& at) {
  gemm(m,
       {at.x, m.constant(at.layer + ".weight", {linear.out, linear.in}, linear.weight),
        m.constant(at.layer + ".bias", {linear.out}, linear.bias)},
       at.y);
}

inline void emit(Model& m, const graph::Convolution& conv, const Place& at) {
  const ConvShape& s = conv.shape;
  Names inputs{at.x, m.constant(at.layer + ".weight", {s.out.channels, s.ins(), s.height, s.width},
                                conv.weight)};
  if (!conv.bias.empty())
    inputs.push_back(m.constant(at.layer + ".bias", {s.out.channels}, conv.bias));
  convolution(m, s, inputs, at.y);
}

inline void emit(Model& m, const graph::BatchNorm& norm, const Place& at) {
  const std::vector<Index> extents{static_cast<Index>(norm.weight.size())};
  m.node("BatchNormalization",
         {at.x, m.constant(at.layer + ".weight", extents, norm.weight),
          m.constant(at.layer + ".bias", extents, norm.bias),
          m.constant(at.layer + ".running_mean", extents, norm.mean),
          m.constant(at.layer + ".running_var", extents, norm.variance)},
         at.y, {{"epsilon", norm.eps}});
}

inline void emit(Model& m, const graph::LayerNorm& norm, const Place& at) {
  const std::vector<Index> extents{static_cast<Index>(norm.weight.size())};
  layer_norm(m, at.x, m.constant(at.layer + ".weight", extents, norm.weight),
             m.constant(at.layer + ".bias", extents, norm.bias), norm.eps, at.y);
}

inline void emit(Model& m, const graph::MaxPool& pool, const Place& at) {
  max_pool(m, pool, at.x, at.y);
}

inline void emit(Model& m, const graph::AveragePool& pool, const Place& at) {
  average_pool(m, pool.shape, pool.counts_border, at.x, at.y);
}

inline void emit(Model& m, const graph::Activation& f, const Place& at) {
  activation(m, f, at.x, at.y);
}

inline void emit(Model& m, const graph::Add&, const Place& at) {
  m.node("Add", {at.x, at.other}, at.y);
}

}  // namespace kd::onnx
