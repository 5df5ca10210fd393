// SPDX-License-Identifier: MIT
#pragma once

#include <variant>
#include <vector>

#include "kd/core/conv_shape.hpp"

/// What the layers of a trained network compute, with the numbers they do it with: what a file of
/// another format has to say, whatever the types were.
namespace kd::graph {

/// `y = W x + b`: weight (out, in) row-major, bias (out).
struct Linear {
  Index in;
  Index out;
  std::vector<float> weight;
  std::vector<float> bias;
};

/// Every convolution: weight (out, in / groups, height, width); an empty bias is none.
struct Convolution {
  ConvShape shape;
  std::vector<float> weight;
  std::vector<float> bias;
};

/// `y = weight (x - mean) / sqrt(variance + eps) + bias`, channel by channel over maps of `area`.
struct BatchNorm {
  Index area;
  float eps;
  std::vector<float> weight;
  std::vector<float> bias;
  std::vector<float> mean;
  std::vector<float> variance;
};

/// `y = (x - mean) / sqrt(variance + eps) weight + bias`, the moments over all features.
struct LayerNorm {
  float eps;
  std::vector<float> weight;
  std::vector<float> bias;
};

struct MaxPool {
  ConvShape shape;
};

struct AveragePool {
  ConvShape shape;
  bool counts_border;  ///< its zeros count, or the border does not
};

/// A function of one number.
struct Activation {
  enum class Kind { relu, relu6, leaky_relu, hard_swish, gelu, silu, tanh, sigmoid };
  Kind kind;
  float negative_slope = 0;  ///< of leaky_relu
};

/// The sum of two tensors.
struct Add {};

using Operation =
    std::variant<Linear, Convolution, BatchNorm, LayerNorm, MaxPool, AveragePool, Activation, Add>;

}  // namespace kd::graph
