// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/activation.hpp"

namespace kd {

/// The Gaussian error linear unit: `y = x Phi(x)`, `dx = (Phi(x) + x phi(x)) dy`, with
/// `Phi(x) = (1 + erf(x / sqrt(2))) / 2` and phi, its derivative.
///
/// As PyTorch's `nn.GELU` without an approximation by tanh; the negative tail has its digits, and
/// -infinity gives 0, where PyTorch's gives NaN. Source: Hendrycks and Gimpel, "Gaussian error
/// linear units", 2016.
struct GELU : detail::ActivationLayer<activation::GELU> {
  static constexpr const char* name = "GELU";
};

static_assert(Layer<GELU>);

}  // namespace kd
