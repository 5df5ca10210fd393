// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cmath>

#include "kd/core/guard.hpp"
#include "kd/core/matrix.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// Raises the guard when a number is NaN or infinite.
template <Real S>
void op_flag_nonfinite(const Space&, VectorView<const S> x, Guard<> guard) {
  std::atomic<bool> bad = false;
  // Cheaper than that, but the optimizer comes next, and this shares the block out as it does.
  detail::for_chunks(x.size, 4, [&](Index at, Index n) {
    // Zero times a finite number is zero; times any other it is NaN, which a sum keeps.
    if (!((array(x.slice(at, n)) * S(0)).sum() == S(0))) bad.store(true, std::memory_order_relaxed);
  });
  if (bad) *guard.data = 1;
}

/// `x *= min(1, max_norm / (sqrt(square_sum) + 1e-6))`, as PyTorch's clip_grad_norm_
template <Real S>
void op_clip(const Space&, VectorView<S> x, VectorView<const double> square_sum, double max_norm) {
  const double factor = max_norm / (std::sqrt(*square_sum.data) + 1e-6);
  if (factor < 1) map(x) *= static_cast<S>(factor);
}

}  // namespace kd::cpu
