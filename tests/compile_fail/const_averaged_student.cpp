// SPDX-License-Identifier: MIT
// expect-first: the student is trained: it must not be const
#include <kd/distill.hpp>

using Net = kd::Network<kd::Sequential<kd::Linear<784, 10>>>;

void distil(const Net& student) { kd::MeanTeacher mean(student, {}, kd::HardLabels{}); }
