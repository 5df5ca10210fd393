// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/core/random.hpp"
#include "kd/core/view.hpp"

namespace kd {

/// Fills weights and biases with uniform numbers in `(-1/sqrt(fan_in), 1/sqrt(fan_in))`.
///
/// This is what PyTorch's `nn.Linear` does: Kaiming's uniform rule with a = sqrt(5) (He et al.
/// 2015) comes down to this bound, and the bias has the same.
template <Real S>
void init_uniform_fan_in(VectorView<S> params, Index fan_in, Rng rng) {
  const S bound = static_cast<S>(1 / std::sqrt(static_cast<double>(fan_in)));
  for (Index i = 0; i < params.size; ++i) params.data[i] = rng.symmetric(bound);
}

}  // namespace kd
