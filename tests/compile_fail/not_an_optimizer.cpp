// SPDX-License-Identifier: MIT
// expect-first: no matching function for call to .fit
// expect: Optimizer
// expect: .double. (is not|cannot be used)
#include <kd/distill.hpp>

void train(kd::Network<kd::Sequential<kd::Linear<784, 10>>>& network, const kd::Dataset& data) {
  kd::fit(network, data, kd::CrossEntropy{}, 1e-3);
}
