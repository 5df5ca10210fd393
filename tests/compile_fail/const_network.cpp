// SPDX-License-Identifier: MIT
// expect-first: fit trains its network: it must not be const
#include <kd/distill.hpp>

// What is const is frozen: no training by accident.
void train(const kd::Network<kd::Sequential<kd::Linear<784, 10>>>& teacher,
           const kd::Dataset& data) {
  kd::fit(teacher, data, kd::CrossEntropy{}, kd::Adam{});
}
