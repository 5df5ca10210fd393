// SPDX-License-Identifier: MIT
// expect-first: deleted (function|constructor)
#include <kd/distill.hpp>

using Net = kd::Network<kd::Sequential<kd::Linear<784, 10>>>;

void distil(const Net& teacher, Net& student) {
  kd::Distiller distiller(teacher, student, kd::SoftTargets{});
  auto copy = distiller;
}
