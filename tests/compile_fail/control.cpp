// SPDX-License-Identifier: MIT
// Everything that the other files do wrong, done right.
// expect-ok
#include <kd/distill.hpp>

using Teacher = kd::Sequential<kd::Linear<784, 30>, kd::Dropout, kd::ReLU, kd::Linear<30, 10>>;
using Student = kd::Sequential<kd::Linear<784, 20>, kd::ReLU, kd::Linear<20, 10>>;

void train(const kd::Network<Teacher>& teacher, kd::Network<Student>& student,
           const kd::Dataset& data) {
  kd::fit(student, data, kd::CrossEntropy{}, kd::Adam{}, {.epochs = 1});
  kd::Distiller distiller(teacher, student, kd::SoftTargets{});
  distiller.fit(data, kd::Adam{}, {.epochs = 1});
}
