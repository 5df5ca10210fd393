// SPDX-License-Identifier: MIT
// expect-first: this type is not a kd::DistillationMethod
// expect: M::terms\.size
#include <kd/distill.hpp>

using Teacher = kd::Sequential<kd::Linear<784, 10>>;
using Student = kd::Sequential<kd::Linear<784, 10>>;

void distil(const kd::Network<Teacher>& teacher, kd::Network<Student>& student) {
  kd::Distiller distiller(teacher, student, kd::CrossEntropy{});
}
