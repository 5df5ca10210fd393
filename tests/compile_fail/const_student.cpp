// SPDX-License-Identifier: MIT
// expect-first: the student is trained: it must not be const
#include <kd/distill.hpp>

using Architecture = kd::Sequential<kd::Linear<784, 10>>;

void distil(const kd::Network<Architecture>& teacher, const kd::Network<Architecture>& student) {
  kd::Distiller distiller(teacher, student, kd::SoftTargets{});
}
