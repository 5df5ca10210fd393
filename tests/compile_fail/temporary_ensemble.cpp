// SPDX-License-Identifier: MIT
// expect: the members of an EnsembleTeacher are not copied
// expect: deleted
#include <kd/distill.hpp>

using Net = kd::Network<kd::Sequential<kd::Linear<784, 10>>>;

void make() {
  const Net lasting(kd::Rng(0));
  kd::EnsembleTeacher one(kd::MeanOfLogits{}, lasting, Net(kd::Rng(1)));
  kd::EnsembleTeacher two(kd::MeanOfLogits{}, std::vector<Net>{Net(kd::Rng(2))});
}
