// SPDX-License-Identifier: MIT
// expect-first: a Sequential needs a layer that says how many features it takes
#include <kd/distill.hpp>

kd::Sequential<kd::ReLU, kd::Dropout> network;
