// SPDX-License-Identifier: MIT
// expect-first: this method compares hidden layers
#include <kd/distill.hpp>

using Student = kd::Sequential<kd::Linear<784, 20>, kd::ReLU, kd::Linear<20, 10>>;

void distil(const kd::CachedTeacher<>& teacher, kd::Network<Student>& student) {
  kd::Distiller distiller(teacher, student, kd::Hint<1, 1>{});
}
