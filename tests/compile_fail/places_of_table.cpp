// SPDX-License-Identifier: MIT
// expect-first: the teacher must be a kd::Network that ends in GlobalAvgPool and Linear
#include <kd/distill.hpp>

using Net =
    kd::Sequential<kd::Image<1, 8, 8>, kd::Conv2d<4, 3>, kd::GlobalAvgPool, kd::Linear<4, 10>>;

void distil(const kd::CachedTeacher<>& teacher, kd::Network<Net>& student) {
  kd::Distiller distiller(teacher, student, kd::CatKd{});
}
