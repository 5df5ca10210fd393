// SPDX-License-Identifier: MIT
// expect-first: this type is not a kd::Layer \(see kd/nn/layer\.hpp
// expect: num_params
#include <kd/distill.hpp>

struct Scale {
  float by = 2;
};

kd::Sequential<kd::Linear<784, 10>, Scale> network;
