// SPDX-License-Identifier: MIT
// expect-first: teacher and student must take the same number of input features
// expect: features_but_student_takes<100L?>
#include <kd/distill.hpp>

using Teacher = kd::Sequential<kd::Linear<784, 10>>;
using Student = kd::Sequential<kd::Linear<100, 10>>;

void distil(const kd::Network<Teacher>& teacher, kd::Network<Student>& student) {
  kd::Distiller distiller(teacher, student, kd::SoftTargets{});
}
