// SPDX-License-Identifier: MIT
// expect-first: a layer must take as many features as the layer before it gives
// expect: layer<1L?>::gives<20L?>::features_but_layer<3L?>::takes<30L?>
#include <kd/distill.hpp>

kd::Sequential<kd::Linear<784, 20>, kd::ReLU, kd::Linear<30, 10>> network;
