// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/batch_norm.hpp"
#include "kd/nn/conv2d.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/nn/gelu.hpp"
#include "kd/nn/hard_swish.hpp"
#include "kd/nn/layer_norm.hpp"
#include "kd/nn/leaky_relu.hpp"
#include "kd/nn/network.hpp"
#include "kd/nn/pool.hpp"
#include "kd/nn/relu6.hpp"
#include "kd/nn/sequential.hpp"
#include "kd/nn/sigmoid.hpp"
#include "kd/nn/silu.hpp"
#include "kd/nn/tanh.hpp"
#include "support/shake.hpp"

/// Networks with every layer that kd has, for what exports them.
namespace kd::test {

using OfFeatures =
    Sequential<Linear<6, 9>, GELU, Dropout, LayerNorm<9>,
               Residual<Linear<9, 9>, Tanh, Residual<Shortcut<Linear<9, 5>>, Linear<9, 5>, SiLU>,
                        Linear<5, 9>, LeakyReLU>,
               Sequential<Linear<9, 7>, BatchNorm, HardSwish>, Linear<7, 8>, Sigmoid, Linear<8, 8>,
               ReLU6, Linear<8, 3>>;

inline constexpr ConvOptions no_bias{.bias = false};

using OfImages =
    Sequential<Image<2, 11, 9>, BatchNorm, Conv2d<12, 3, Window{.stride = 2, .pad = 1}>, ReLU,
               BatchNorm, Conv2d<6, Kernel(1, 3), Window{.pad = 1}, ConvOptions{.groups = 2}>,
               MaxPool2d<2, Window{.stride = 1, .pad = 1}>, ReLU, DepthwiseConv2d<3>,
               Residual<Shortcut<Conv2d<4, 1, Window{.stride = 2}, no_bias>, BatchNorm>,
                        Conv2d<4, 5, Window{.stride = 2, .same = true}, no_bias>, BatchNorm, ReLU>,
               Conv2d<16, 3, Window{.pad = 1}>, ReLU6, AvgPool2d<3, Window{.stride = 1, .pad = 1}>,
               AvgPool2d<2, Window{.stride = 1, .same = true}>, ReLU, Conv2d<5, 1>, GlobalAvgPool,
               Linear<5, 4>>;

/// One with weights that let through what comes in: logits differ from sample to sample.
template <class Net>
Network<Net> lively() {
  Network<Net> network(Rng(3));
  shake(network);
  map(network.params()) *= 2;
  return network;
}

}  // namespace kd::test
