// SPDX-License-Identifier: MIT
// expect-first: the branch of a Residual must give the shape that it takes
// expect: branch_gives<.*\{8L?, 4L?, 4L?\}.*>::but_shortcut_gives<.*\{4L?, 8L?, 8L?\}
#include <kd/distill.hpp>

using Halving = kd::Conv2d<8, 3, kd::Window{.stride = 2, .pad = 1}>;
kd::Sequential<kd::Image<4, 8, 8>, kd::Residual<Halving, kd::ReLU>, kd::Linear<128, 10>> network;
