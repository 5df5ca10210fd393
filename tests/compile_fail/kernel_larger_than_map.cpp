// SPDX-License-Identifier: MIT
// expect-first: a layer must be able to take the shape that the layer before it gives
// expect: layer<2L?>::gives_shape<.*\{4L?, 2L?, 2L?\}.*>::which_layer<4L?>::takes<
#include <kd/distill.hpp>

kd::Sequential<kd::Image<1, 8, 8>, kd::Conv2d<4, 5>, kd::MaxPool2d<2>, kd::ReLU, kd::Conv2d<8, 3>,
               kd::Linear<8, 10>>
    network;
