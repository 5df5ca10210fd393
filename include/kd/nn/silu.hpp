// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/activation.hpp"

namespace kd {

/// The sigmoid linear unit, or swish: `y = x s(x)`, `dx = s(x) (1 + x s(-x)) dy`, with
/// `s(x) = 1 / (1 + exp(-x))`.
///
/// As PyTorch's `nn.SiLU`, but that -infinity gives 0, which is the limit, and not NaN. Source:
/// Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units", 2018.
struct SiLU : detail::ActivationLayer<activation::SiLU> {
  static constexpr const char* name = "SiLU";
};

static_assert(Layer<SiLU>);

}  // namespace kd
