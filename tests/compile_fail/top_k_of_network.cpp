// SPDX-License-Identifier: MIT
// expect-first: the method TopK learns from a kd::TopKTeacher
#include <kd/distill.hpp>

using Net = kd::Sequential<kd::Linear<784, 10>>;

void distil(const kd::Network<Net>& teacher, kd::Network<Net>& student) {
  kd::Distiller distiller(teacher, student, kd::TopK{});
}
