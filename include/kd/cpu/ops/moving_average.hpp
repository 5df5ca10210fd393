// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/finite.hpp"
#include "kd/core/matrix.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// `mean + gain (x - mean)`, where the difference may be beyond the largest number: half of it is
/// not.
template <Real S>
S moved_towards(S x, S mean, S gain) {
  const S difference = x - mean;
  if (kd::detail::is_finite(difference)) return mean + gain * difference;
  return S(2) * (mean / 2 + gain * (x / 2 - mean / 2));
}

}  // namespace detail

/// `average = decay average + (1 - decay) x`
template <Real S>
void op_moving_average(const Space&, VectorView<const S> x, double decay, VectorView<S> average) {
  const auto gain = static_cast<S>(1 - decay);
  detail::for_chunks(x.size, 1, [&](Index at, Index n) {
    auto mean = array(average.slice(at, n));
    const auto next = array(x.slice(at, n));
    if (kd::detail::is_finite((next - mean).abs().template maxCoeff<Eigen::PropagateNaN>())) {
      mean += gain * (next - mean);
    } else {
      for (Index i = 0; i < n; ++i) mean(i) = detail::moved_towards(next(i), mean(i), gain);
    }
  });
}

}  // namespace kd::cpu
