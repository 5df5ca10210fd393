// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/activation.hpp"

namespace kd {

/// The hyperbolic tangent: `y = tanh(x)`, `dx = (1 - y^2) dy`. As PyTorch's `nn.Tanh`.
struct Tanh : detail::ActivationLayer<activation::Tanh> {
  static constexpr const char* name = "Tanh";
};

static_assert(Layer<Tanh>);

}  // namespace kd
