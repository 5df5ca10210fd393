// SPDX-License-Identifier: MIT
// expect-first: a temporary teacher would be gone before fit is called
#include <kd/distill.hpp>

using Net = kd::Network<kd::Sequential<kd::Linear<784, 10>>>;

void make() { kd::BornAgain family(Net(kd::Rng(0)), {.generations = 2}, kd::SoftTargets{}); }
