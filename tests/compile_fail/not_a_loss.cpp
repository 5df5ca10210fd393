// SPDX-License-Identifier: MIT
// expect-first: no matching function for call to .fit
// expect: LabelLoss
// expect: .Target.*SoftTargets
#include <kd/distill.hpp>

void train(kd::Network<kd::Sequential<kd::Linear<784, 10>>>& network, const kd::Dataset& data) {
  kd::fit(network, data, kd::SoftTargets{}, kd::Adam{});
}
