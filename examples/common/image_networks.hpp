// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>

/// Networks for images of 28 x 28 pixels in grey and 10 classes.
namespace example::images {

/// A convolution in front of a BatchNorm, which brings the bias.
template <kd::Index Channels, kd::Kernel Size, kd::Index Stride = 1>
using Conv = kd::Conv2d<Channels, Size, kd::Window{.stride = Stride, .same = true},
                        kd::ConvOptions{.bias = false}>;

template <kd::Index Channels>
using Block =
    kd::Residual<Conv<Channels, 3>, kd::BatchNorm, kd::ReLU, Conv<Channels, 3>, kd::BatchNorm>;

/// A block that halves height and width.
template <kd::Index Channels>
using Halving =
    kd::Residual<kd::Shortcut<Conv<Channels, 1, 2>, kd::BatchNorm>, Conv<Channels, 3, 2>,
                 kd::BatchNorm, kd::ReLU, Conv<Channels, 3>, kd::BatchNorm>;

/// A ResNet of three blocks, 308,074 parameters. Source: He et al., "Deep residual learning for
/// image recognition", 2016.
using Teacher = kd::Sequential<kd::Image<1, 28, 28>, Conv<32, 3, 2>, kd::BatchNorm, kd::ReLU,
                               Block<32>, kd::ReLU, Halving<64>, kd::ReLU, Halving<128>, kd::ReLU,
                               kd::GlobalAvgPool, kd::Linear<128, 10>>;

/// A depthwise convolution and a pointwise one.
template <kd::Index Channels, kd::Index Stride = 1>
using Separable =
    kd::Sequential<kd::DepthwiseConv2d<3, kd::Window{.stride = Stride, .same = true}, false>,
                   kd::BatchNorm, kd::ReLU, Conv<Channels, 1>, kd::BatchNorm, kd::ReLU>;

/// A DS-CNN of five such pairs, 18,890 parameters. Source: Zhang et al., "Hello edge: keyword
/// spotting on microcontrollers", 2017.
using Student = kd::Sequential<kd::Image<1, 28, 28>, Conv<16, 3, 2>, kd::BatchNorm, kd::ReLU,
                               Separable<32>, Separable<64, 2>, Separable<64>, Separable<64>,
                               Separable<64>, kd::GlobalAvgPool, kd::Linear<64, 10>>;

}  // namespace example::images
