// SPDX-License-Identifier: MIT
// expect-first: fit takes a kd::Optimizer fourth, such as Adam\{\{\.lr = 1e-3\}\}
// expect: .double. (is not|cannot be used)
#include <kd/distill.hpp>

void train(kd::Network<kd::Sequential<kd::Linear<784, 10>>>& network, const kd::Dataset& data) {
  kd::fit(network, data, kd::CrossEntropy{}, 1e-3);
}
