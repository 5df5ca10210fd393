// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "kd/graph/operations.hpp"
#include "kd/nn/add.hpp"
#include "kd/nn/batch_norm.hpp"
#include "kd/nn/conv2d.hpp"
#include "kd/nn/gelu.hpp"
#include "kd/nn/hard_swish.hpp"
#include "kd/nn/layer_norm.hpp"
#include "kd/nn/leaky_relu.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/pool.hpp"
#include "kd/nn/relu.hpp"
#include "kd/nn/relu6.hpp"
#include "kd/nn/sigmoid.hpp"
#include "kd/nn/silu.hpp"
#include "kd/nn/tanh.hpp"

/// What each layer computes: one function a layer. One that has none cannot be exported.
namespace kd::graph {

/// The weights of one layer, in the order of its tensors.
struct LayerNumbers {
  std::span<const float> params;
  std::span<const float> statistics;
};

namespace detail {

/// `count` numbers from `first` on.
inline std::vector<float> part(std::span<const float> numbers, Index first, Index count) {
  const auto from = numbers.begin() + first;
  return {from, from + count};
}

}  // namespace detail

template <Index In, Index Out>
Operation operation_of(const kd::Linear<In, Out>& layer, const LayerNumbers& numbers) {
  const Index in = layer.in_features();
  const Index out = layer.out_features();
  return Linear{in, out, detail::part(numbers.params, 0, in * out),
                detail::part(numbers.params, in * out, out)};
}

inline Operation operation_of(const kd::detail::Convolution& layer, const LayerNumbers& numbers) {
  const ConvShape& shape = layer.conv_shape();
  const Index weights = shape.out.channels * shape.depth();
  return Convolution{shape, detail::part(numbers.params, 0, weights),
                     detail::part(numbers.params, weights, layer.num_params() - weights)};
}

inline Operation operation_of(const kd::BatchNorm& layer, const LayerNumbers& numbers) {
  const Index channels = layer.out_shape().channels;
  return BatchNorm{layer.out_shape().area(),
                   static_cast<float>(layer.options().eps),
                   detail::part(numbers.params, 0, channels),
                   detail::part(numbers.params, channels, channels),
                   detail::part(numbers.statistics, 0, channels),
                   detail::part(numbers.statistics, channels, channels)};
}

template <Index Features>
Operation operation_of(const kd::LayerNorm<Features>& layer, const LayerNumbers& numbers) {
  const Index features = layer.in_features();
  return LayerNorm{static_cast<float>(layer.options().eps),
                   detail::part(numbers.params, 0, features),
                   detail::part(numbers.params, features, features)};
}

template <Kernel Size, Window W>
Operation operation_of(const kd::MaxPool2d<Size, W>& layer, const LayerNumbers&) {
  return MaxPool{layer.shape()};
}

template <Kernel Size, Window W>
Operation operation_of(const kd::AvgPool2d<Size, W>& layer, const LayerNumbers&) {
  return AveragePool{layer.shape(), !W.same};
}

inline Operation operation_of(const kd::GlobalAvgPool& layer, const LayerNumbers&) {
  return AveragePool{layer.shape(), true};
}

inline Operation operation_of(const kd::ReLU&, const LayerNumbers&) {
  return Activation{Activation::Kind::relu};
}
inline Operation operation_of(const kd::ReLU6&, const LayerNumbers&) {
  return Activation{Activation::Kind::relu6};
}
inline Operation operation_of(const kd::LeakyReLU& layer, const LayerNumbers&) {
  return Activation{Activation::Kind::leaky_relu, static_cast<float>(layer.negative_slope())};
}
inline Operation operation_of(const kd::HardSwish&, const LayerNumbers&) {
  return Activation{Activation::Kind::hard_swish};
}
inline Operation operation_of(const kd::GELU&, const LayerNumbers&) {
  return Activation{Activation::Kind::gelu};
}
inline Operation operation_of(const kd::SiLU&, const LayerNumbers&) {
  return Activation{Activation::Kind::silu};
}
inline Operation operation_of(const kd::Tanh&, const LayerNumbers&) {
  return Activation{Activation::Kind::tanh};
}
inline Operation operation_of(const kd::Sigmoid&, const LayerNumbers&) {
  return Activation{Activation::Kind::sigmoid};
}

inline Operation operation_of(const kd::Add&, const LayerNumbers&) { return Add{}; }

}  // namespace kd::graph
