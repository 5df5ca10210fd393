// SPDX-License-Identifier: MIT
// expect-first: a layer must take as many features as the layer before it gives
// expect: layer<1L?>::gives<64L?>::features_but_layer<3L?>::takes<100L?>
#include <kd/distill.hpp>

kd::Sequential<kd::Image<1, 6, 6>, kd::Conv2d<4, 3>, kd::ReLU, kd::Linear<100, 10>> network;
