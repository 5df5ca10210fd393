// SPDX-License-Identifier: MIT
// expect-first: a network needs a layer that says how many features it takes
// expect: or an Image<1, 28, 28> in front
#include <kd/distill.hpp>

using Student = kd::Sequential<kd::Conv2d<16, 3>, kd::ReLU, kd::Linear<16, 10>>;
kd::Network<Student> network(kd::Rng(1));
