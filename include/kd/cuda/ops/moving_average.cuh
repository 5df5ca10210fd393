// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/ops/guard.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct MovingAverage {
  const S* x;
  S gain;
  S* average;

  template <int N>
  __device__ void apply(Index i) const {
    const Pack<S, N> value = load<N>(x + i);
    Pack<S, N> mean = load<N>(average + i);
    for (int k = 0; k < N; ++k) {
      const S old = mean.v[k];
      const S difference = value.v[k] - old;
      // Where it is beyond the largest number, half of it is not.
      mean.v[k] = is_finite(difference)
                      ? old + gain * difference
                      : S(2) * (old / S(2) + gain * (value.v[k] / S(2) - old / S(2)));
    }
    store(average + i, mean);
  }
};

}  // namespace detail

/// `average = decay average + (1 - decay) x`
template <Real S>
void op_moving_average(const Space& space, VectorView<const S, Space> x, double decay,
                       VectorView<S, Space> average) {
  detail::for_each<S>(space, "moving average", x.size,
                      detail::MovingAverage<S>{x.data, static_cast<S>(1 - decay), average.data},
                      x.data, average.data);
}

}  // namespace kd::cuda
