// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/activation.hpp"

namespace kd {

/// SiLU from straight lines: `y = x min(max(x + 3, 0), 6) / 6`, `dx = (x / 3 + 1/2) dy` where
/// `-3 < x < 3`, 0 below and dy above, the ends included.
///
/// As PyTorch's `nn.Hardswish`, but for the slopes at the ends, where that takes -1/2 and 3/2.
/// Source: Howard et al., "Searching for MobileNetV3", 2019.
struct HardSwish : detail::ActivationLayer<activation::HardSwish> {
  static constexpr const char* name = "HardSwish";
};

static_assert(Layer<HardSwish>);

}  // namespace kd
