// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/types.hpp"

/// Functions of one number, as layers name them to an op; how a space computes them is its own
/// affair.
namespace kd::activation {

struct ReLU6 {};
struct HardSwish {};
struct GELU {};
struct SiLU {};
struct Tanh {};
struct Sigmoid {};

template <Real S>
struct LeakyReLU {
  S negative_slope;
};

}  // namespace kd::activation
