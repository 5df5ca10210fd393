// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/activation.hpp"

namespace kd {

/// The logistic function: `y = 1 / (1 + exp(-x))`, `dx = y (1 - y) dy`. As PyTorch's `nn.Sigmoid`.
struct Sigmoid : detail::ActivationLayer<activation::Sigmoid> {
  static constexpr const char* name = "Sigmoid";
};

static_assert(Layer<Sigmoid>);

}  // namespace kd
