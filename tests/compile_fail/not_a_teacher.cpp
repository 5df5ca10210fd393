// SPDX-License-Identifier: MIT
// expect-first: must be a kd::Teacher: something that gives logits
#include <kd/distill.hpp>

struct Oracle {};
using Student = kd::Sequential<kd::Linear<784, 10>>;

void distil(const Oracle& oracle, kd::Network<Student>& student) {
  kd::Distiller distiller(oracle, student, kd::SoftTargets{});
}
