// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>

namespace example {

/// 784-1200-1200-10, dropout on the two hidden layers.
using Teacher = kd::Sequential<kd::Linear<784, 1200>, kd::Dropout, kd::ReLU, kd::Linear<1200, 1200>,
                               kd::Dropout, kd::ReLU, kd::Linear<1200, 10>>;

/// 784-20-20-10.
using Student =
    kd::Sequential<kd::Linear<784, 20>, kd::ReLU, kd::Linear<20, 20>, kd::ReLU, kd::Linear<20, 10>>;

}  // namespace example
