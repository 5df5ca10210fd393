// SPDX-License-Identifier: MIT
// expect-first: MutualLearning needs at least two students
#include <kd/distill.hpp>

using Net = kd::Sequential<kd::Linear<784, 10>>;

void learn(kd::Network<Net>& student) { kd::MutualLearning mutual({}, student); }
