// SPDX-License-Identifier: MIT
// expect-first: the members of an EnsembleTeacher are not copied
#include <kd/distill.hpp>

using Net = kd::Network<kd::Sequential<kd::Linear<784, 10>>>;

void make() { kd::EnsembleTeacher two(kd::MeanOfLogits{}, std::vector<Net>{Net(kd::Rng(2))}); }
