// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/softmax.cuh"

namespace kd::cuda::detail {

/// The logarithm of a softmax, class by class, once its sums are known.
template <Real S>
struct LogSoftmax {
  const S* z;
  S max, inverse_temperature, log_sum;

  template <class Team, int Width>
  __device__ static LogSoftmax of(const S* z, Index classes, S inverse_temperature) {
    const auto sums =
        softmax_sums<Team, Width>(z, classes, Softness<S>{false, true, inverse_temperature});
    return {z, sums.max, inverse_temperature, std::log(sums.soft)};
  }
  template <int Width>
  __device__ __forceinline__ Pack<S, Width> at(Index c) const {
    Pack<S, Width> pack = load<Width>(z + c);
    for (int k = 0; k < Width; ++k) pack.v[k] = (pack.v[k] - max) * inverse_temperature - log_sum;
    return pack;
  }
};

/// `log(exp(a) + exp(b))`, by the larger of the two.
template <Real S>
__device__ __forceinline__ S log_add(S a, S b) {
  return (a > b ? a : b) + std::log1p(std::exp(-std::abs(a - b)));
}

}  // namespace kd::cuda::detail
