// SPDX-License-Identifier: MIT
// expect-first: a standardisation is folded into a network whose first layer is Linear
#include <kd/distill.hpp>

void fold(const kd::Standardization& standard,
          kd::Network<kd::Sequential<kd::ReLU, kd::Linear<3, 2>>>& network) {
  kd::fold_standardization(standard, network);
}
