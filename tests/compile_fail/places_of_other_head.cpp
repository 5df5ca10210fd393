// SPDX-License-Identifier: MIT
// expect-first: the student must end in GlobalAvgPool and Linear
#include <kd/distill.hpp>

using Teacher =
    kd::Sequential<kd::Image<1, 8, 8>, kd::Conv2d<4, 3>, kd::GlobalAvgPool, kd::Linear<4, 10>>;
using Student = kd::Sequential<kd::Image<1, 8, 8>, kd::Conv2d<2, 3>, kd::Linear<72, 10>>;

void distil(const kd::Network<Teacher>& teacher, kd::Network<Student>& student) {
  kd::Distiller distiller(teacher, student, kd::CatKd{});
}
