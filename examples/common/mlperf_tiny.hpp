// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/batch_norm.hpp"
#include "kd/nn/conv2d.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/pool.hpp"
#include "kd/nn/relu.hpp"
#include "kd/nn/sequential.hpp"

/// The four reference networks of MLPerf Tiny (Banbury et al., 2021), as the benchmark's own code
/// has them.
namespace mlperf_tiny {

template <kd::Index Channels, kd::Kernel Size, kd::Index Stride = 1>
using Same = kd::Conv2d<Channels, Size, kd::Window{.stride = Stride, .same = true}>;

template <kd::Index Channels>
using Halving = kd::Residual<kd::Shortcut<Same<Channels, 1, 2>>, Same<Channels, 3, 2>,
                             kd::BatchNorm, kd::ReLU, Same<Channels, 3>, kd::BatchNorm>;

/// Image classification: 32 x 32 x 3 into 10 classes.
using ResNet8 =
    kd::Sequential<kd::Image<3, 32, 32>, Same<16, 3>, kd::BatchNorm, kd::ReLU,
                   kd::Residual<Same<16, 3>, kd::BatchNorm, kd::ReLU, Same<16, 3>, kd::BatchNorm>,
                   kd::ReLU, Halving<32>, kd::ReLU, Halving<64>, kd::ReLU, kd::GlobalAvgPool,
                   kd::Linear<64, 10>>;

/// A depthwise convolution and a pointwise one, each normalised.
template <kd::Index Channels, kd::Index Stride = 1>
using Separable =
    kd::Sequential<kd::DepthwiseConv2d<3, kd::Window{.stride = Stride, .same = true}>,
                   kd::BatchNorm, kd::ReLU, kd::Conv2d<Channels, 1>, kd::BatchNorm, kd::ReLU>;

/// Keyword spotting: 49 frames of 10 coefficients into 12 words; without the dropouts of its
/// training.
using DsCnn = kd::Sequential<kd::Image<1, 49, 10>, Same<64, kd::Kernel(10, 4), 2>, kd::BatchNorm,
                             kd::ReLU, Separable<64>, Separable<64>, Separable<64>, Separable<64>,
                             kd::GlobalAvgPool, kd::Linear<64, 12>>;

/// Visual wake words: 96 x 96 x 3, MobileNetV1 with a quarter of its channels, into 2 classes.
using MobileNet = kd::Sequential<kd::Image<3, 96, 96>, Same<8, 3, 2>, kd::BatchNorm, kd::ReLU,
                                 Separable<16>, Separable<32, 2>, Separable<32>, Separable<64, 2>,
                                 Separable<64>, Separable<128, 2>, Separable<128>, Separable<128>,
                                 Separable<128>, Separable<128>, Separable<128>, Separable<256, 2>,
                                 Separable<256>, kd::GlobalAvgPool, kd::Linear<256, 2>>;

/// Anomaly detection: 640 features of sound, reconstructed.
template <kd::Index In, kd::Index Out>
using Dense = kd::Sequential<kd::Linear<In, Out>, kd::BatchNorm, kd::ReLU>;

using Autoencoder = kd::Sequential<Dense<640, 128>, Dense<128, 128>, Dense<128, 128>,
                                   Dense<128, 128>, Dense<128, 8>, Dense<8, 128>, Dense<128, 128>,
                                   Dense<128, 128>, Dense<128, 128>, kd::Linear<128, 640>>;

}  // namespace mlperf_tiny
