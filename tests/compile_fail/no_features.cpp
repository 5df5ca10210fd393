// SPDX-License-Identifier: MIT
// expect-first: a network needs a layer that says how many features it takes
#include <kd/distill.hpp>

kd::Network<kd::Sequential<kd::ReLU, kd::Dropout>> network(kd::Rng(1));
