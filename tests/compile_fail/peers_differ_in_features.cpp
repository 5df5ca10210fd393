// SPDX-License-Identifier: MIT
// expect-first: all students must take the same number of input features
#include <kd/distill.hpp>

using One = kd::Sequential<kd::Linear<784, 10>>;
using Other = kd::Sequential<kd::Linear<100, 10>>;

void learn(kd::Network<One>& one, kd::Network<Other>& other) {
  kd::MutualLearning mutual({}, one, other);
}
