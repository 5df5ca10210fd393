// SPDX-License-Identifier: MIT
// expect-first: a tap must name a layer of the student
// expect: student_layer<0L?>::of<3L?>
#include <kd/distill.hpp>

using Teacher = kd::Sequential<kd::Linear<784, 30>, kd::ReLU, kd::Linear<30, 10>>;
using Student = kd::Sequential<kd::Linear<784, 20>, kd::ReLU, kd::Linear<20, 10>>;

void distil(const kd::Network<Teacher>& teacher, kd::Network<Student>& student) {
  kd::Distiller distiller(teacher, student, kd::SimilarityPreserving<1, 0>{});
}
