// SPDX-License-Identifier: MIT
// expect-first: options are given by name in two pairs of braces
// expect: required from here|requested here
#include <kd/distill.hpp>

const kd::SoftTargets soft(7);
const kd::KlDivergence divergence(4);
const kd::CosineSchedule schedule(0.1);
const kd::Hint<1, 1> hint(100.);
