// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/activation.hpp"

namespace kd {

/// The rectifier that ends at 6: `y = min(max(x, 0), 6)`, `dx = dy` where `0 < x < 6`, else 0.
///
/// As PyTorch's `nn.ReLU6`. Source: Howard et al., "MobileNets", 2017; Krizhevsky, "Convolutional
/// deep belief networks on CIFAR-10", 2010.
struct ReLU6 : detail::ActivationLayer<activation::ReLU6> {
  static constexpr const char* name = "ReLU6";
};

static_assert(Layer<ReLU6>);

}  // namespace kd
