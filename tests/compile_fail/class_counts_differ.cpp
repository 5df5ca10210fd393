// SPDX-License-Identifier: MIT
// expect-first: teacher and student must have the same number of classes
// expect: classes_but_student_with<12L?>
#include <kd/distill.hpp>

using Teacher = kd::Sequential<kd::Linear<784, 10>>;
using Student = kd::Sequential<kd::Linear<784, 12>>;

void distil(const kd::Network<Teacher>& teacher, kd::Network<Student>& student) {
  kd::Distiller distiller(teacher, student, kd::SoftTargets{});
}
