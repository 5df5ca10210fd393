// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/batch_norm.hpp"
#include "kd/nn/conv2d.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/pool.hpp"
#include "kd/nn/relu.hpp"
#include "kd/nn/sequential.hpp"

/// The four reference networks of MLPerf Tiny (Banbury et al., 2021), as the benchmark's own code
/// has them.
namespace kd::test {

/// Image classification: 32 x 32 x 3 into 10 classes.
template <Index Channels, Kernel Size, Index Stride = 1>
using Same = Conv2d<Channels, Size, Window{.stride = Stride, .same = true}>;

template <Index Channels>
using Halving = Residual<Shortcut<Same<Channels, 1, 2>>, Same<Channels, 3, 2>, BatchNorm, ReLU,
                         Same<Channels, 3>, BatchNorm>;

using ResNet8 = Sequential<Image<3, 32, 32>, Same<16, 3>, BatchNorm, ReLU,
                           Residual<Same<16, 3>, BatchNorm, ReLU, Same<16, 3>, BatchNorm>, ReLU,
                           Halving<32>, ReLU, Halving<64>, ReLU, GlobalAvgPool, Linear<64, 10>>;

/// A depthwise convolution and a pointwise one, each normalised.
template <Index Channels, Index Stride = 1>
using Separable = Sequential<DepthwiseConv2d<3, Window{.stride = Stride, .same = true}>, BatchNorm,
                             ReLU, Conv2d<Channels, 1>, BatchNorm, ReLU>;

/// Keyword spotting: 49 frames of 10 coefficients into 12 words. `Between` and `Before` are the
/// dropouts, which its training has.
template <class... Dropouts>
using DsCnn = Sequential<Image<1, 49, 10>, Same<64, Kernel(10, 4), 2>, BatchNorm, ReLU,
                         Separable<64>, Separable<64>, Separable<64>, Separable<64>, Dropouts...,
                         GlobalAvgPool, Linear<64, 12>>;

/// Visual wake words: 96 x 96 x 3, MobileNetV1 with a quarter of its channels, into 2 classes.
using MobileNet =
    Sequential<Image<3, 96, 96>, Same<8, 3, 2>, BatchNorm, ReLU, Separable<16>, Separable<32, 2>,
               Separable<32>, Separable<64, 2>, Separable<64>, Separable<128, 2>, Separable<128>,
               Separable<128>, Separable<128>, Separable<128>, Separable<128>, Separable<256, 2>,
               Separable<256>, GlobalAvgPool, Linear<256, 2>>;

/// Anomaly detection: 640 features of sound, reconstructed.
template <Index In, Index Out>
using Dense = Sequential<Linear<In, Out>, BatchNorm, ReLU>;

using Autoencoder =
    Sequential<Dense<640, 128>, Dense<128, 128>, Dense<128, 128>, Dense<128, 128>, Dense<128, 8>,
               Dense<8, 128>, Dense<128, 128>, Dense<128, 128>, Dense<128, 128>, Linear<128, 640>>;

}  // namespace kd::test
