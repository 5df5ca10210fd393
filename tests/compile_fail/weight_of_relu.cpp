// SPDX-License-Identifier: MIT
// expect-first: this layer has no weight: a kd::Linear has one
#include <kd/distill.hpp>

void look(const kd::Network<kd::Sequential<kd::Linear<4, 3>, kd::ReLU>>& network) {
  network.layer<2>().weight();
}
