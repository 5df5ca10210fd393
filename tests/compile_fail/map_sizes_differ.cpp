// SPDX-License-Identifier: MIT
// expect-first: both layers must give maps, not vectors, of the same height and width
// expect: teacher_layer<1L?>::gives_maps_of<6L?, 6L?>::but_student_layer<1L?>::gives_maps_of<3L?,
// 3L?>
#include <kd/distill.hpp>

using Teacher =
    kd::Sequential<kd::Image<1, 8, 8>, kd::Conv2d<4, 3>, kd::GlobalAvgPool, kd::Linear<4, 10>>;
using Student = kd::Sequential<kd::Image<1, 8, 8>, kd::Conv2d<2, 3, kd::Window{.stride = 2}>,
                               kd::GlobalAvgPool, kd::Linear<2, 10>>;

void distil(const kd::Network<Teacher>& teacher, kd::Network<Student>& student) {
  kd::Distiller distiller(teacher, student, kd::AttentionTransfer<1, 1>{});
}
