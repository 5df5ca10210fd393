// SPDX-License-Identifier: MIT
// expect-first: a tap must name a layer that the CachedFeatures kept
#include <kd/distill.hpp>

using Teacher = kd::Sequential<kd::Linear<784, 30>, kd::ReLU, kd::Linear<30, 10>>;
using Student = kd::Sequential<kd::Linear<784, 20>, kd::ReLU, kd::Linear<20, 10>>;

void distil(const kd::CachedFeatures<Teacher, kd::Layers<2>>& teacher,
            kd::Network<Student>& student) {
  kd::Distiller distiller(teacher, student, kd::Hint<1, 1>{});
}
