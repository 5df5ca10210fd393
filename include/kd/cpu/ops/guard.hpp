// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cmath>

#include "kd/core/finite.hpp"
#include "kd/core/guard.hpp"
#include "kd/core/matrix.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/simd.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// Whether `n` numbers are finite.
template <Real S>
bool is_finite(const S* x, Index n) {
  constexpr Index N = simd::width<S>;
  using Bits = simd::Vector<kd::detail::BitsOf<S>, N>;
  const auto carried = [x](Index i) {
    return kd::detail::with_carried_exponent<S>(simd::bits_as<Bits>(simd::load<N>(x + i)));
  };
  Bits seen[2]{};
  Index i = 0;
  for (; i + 2 * N <= n; i += 2 * N) {
    seen[0] |= carried(i);
    seen[1] |= carried(i + N);
  }
  simd::Array<kd::detail::BitsOf<S>, N> lanes;
  simd::store(seen[0] | seen[1], lanes);
  for (Index lane = 1; lane < N; ++lane) lanes[0] |= lanes[lane];
  return !kd::detail::has_sign<S>(lanes[0]) && kd::detail::all_finite(x + i, n - i);
}

}  // namespace detail

/// Raises the guard when a number is NaN or infinite.
template <Real S>
void op_flag_nonfinite(const Space&, VectorView<const S> x, Guard<> guard) {
  std::atomic<bool> bad = false;
  // Cheaper than that, but the optimizer comes next, and this shares the block out as it does.
  detail::for_chunks(x.size, 4, [&](Index at, Index n) {
    if (!detail::is_finite(x.data + at, n)) bad.store(true, std::memory_order_relaxed);
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
