// SPDX-License-Identifier: MIT
// expect-first: a temporary teacher would be gone before fit is called
#include <kd/distill.hpp>

using Architecture = kd::Sequential<kd::Linear<784, 10>>;

void distil(kd::Network<Architecture>& student) {
  kd::Distiller distiller(kd::Network<Architecture>(kd::Rng(0)), student, kd::SoftTargets{});
}
