// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/types.hpp"

namespace kd {

/// One step of Adam as a kernel takes it; see `kd::Adam` for the formula. `rate` is the learning
/// rate over the bias correction of m, `root_scale` one over the root of that of v, `gain1` and
/// `gain2` one less the betas (taken in double: 1 - 0.999f is off by 5e-5), `decay` what weights
/// are multiplied by.
template <Real S>
struct AdamStep {
  S rate, beta1, gain1, beta2, gain2, eps, root_scale, decay;
};

/// One step of SGD as a kernel takes it; see `kd::Sgd`. `first` starts the velocity.
template <Real S>
struct SgdStep {
  S rate, momentum, weight_decay;
  bool nesterov, first;
};

}  // namespace kd
