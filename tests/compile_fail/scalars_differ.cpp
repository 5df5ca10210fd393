// SPDX-License-Identifier: MIT
// expect-first: teacher and student must compute in the same scalar
#include <kd/distill.hpp>

using Architecture = kd::Sequential<kd::Linear<784, 10>>;

void distil(const kd::Network<Architecture, kd::cpu::Space, double>& teacher,
            kd::Network<Architecture>& student) {
  kd::Distiller distiller(teacher, student, kd::SoftTargets{});
}
