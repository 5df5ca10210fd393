// SPDX-License-Identifier: MIT
// expect-first: a TeacherAssistant needs a teacher, at least one assistant, and a student
#include <kd/distill.hpp>

using Net = kd::Sequential<kd::Linear<784, 10>>;

void distil(const kd::Network<Net>& teacher, kd::Network<Net>& student) {
  kd::TeacherAssistant chain(teacher, student);
}
