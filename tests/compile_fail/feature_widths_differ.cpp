// SPDX-License-Identifier: MIT
// expect-first: both layers must be of the same width
// expect: teacher_layer<2L?>::gives<30L?>::features_but_student_layer<1L?>::gives<20L?>
#include <kd/distill.hpp>

using Teacher = kd::Sequential<kd::Linear<784, 30>, kd::ReLU, kd::Linear<30, 10>>;
using Student = kd::Sequential<kd::Linear<784, 20>, kd::ReLU, kd::Linear<20, 10>>;

void distil(const kd::Network<Teacher>& teacher, kd::Network<Student>& student) {
  kd::Distiller distiller(teacher, student, kd::FactorCosine<2, 1>{});
}
