// SPDX-License-Identifier: MIT
// expect-first: the members of an EnsembleTeacher are not copied
#include <kd/distill.hpp>

using Net = kd::Network<kd::Sequential<kd::Linear<784, 10>>>;

void make() {
  const Net lasting(kd::Rng(0));
  kd::EnsembleTeacher one(kd::MeanOfLogits{}, lasting, Net(kd::Rng(1)));
}
