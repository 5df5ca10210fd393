// SPDX-License-Identifier: MIT
// expect-first: fit takes a kd::FitLoss third, such as CrossEntropy\{\} or Mse\{\}
// expect: .Target.*SoftTargets
#include <kd/distill.hpp>

void train(kd::Network<kd::Sequential<kd::Linear<784, 10>>>& network, const kd::Dataset& data) {
  kd::fit(network, data, kd::SoftTargets{}, kd::Adam{});
}
