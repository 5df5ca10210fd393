// SPDX-License-Identifier: MIT
// expect-first: all students must have the same number of classes
#include <kd/distill.hpp>

using One = kd::Sequential<kd::Linear<784, 10>>;
using Other = kd::Sequential<kd::Linear<784, 12>>;

void learn(kd::Network<One>& one, kd::Network<Other>& other) {
  kd::MutualLearning mutual({}, one, other);
}
