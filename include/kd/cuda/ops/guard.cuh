// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/guard.hpp"
#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct FlagNonfinite {
  const S* x;
  std::int32_t* guard;

  template <int N>
  __device__ void apply(Index i) const {
    const Pack<S, N> value = load<N>(x + i);
    bool bad = false;
    // Zero times a finite number is zero; times any other it is NaN.
    for (int k = 0; k < N; ++k) bad = bad || !(value.v[k] * S(0) == S(0));
    if (bad) atomicExch(guard, 1);
  }
};

template <Real S>
struct Clip {
  S* x;
  const double* square_sum;
  double max_norm;

  template <int N>
  __device__ void apply(Index i) const {
    const double factor = max_norm / (std::sqrt(*square_sum) + 1e-6);
    if (!(factor < 1)) return;
    Pack<S, N> value = load<N>(x + i);
    for (int k = 0; k < N; ++k) value.v[k] *= static_cast<S>(factor);
    store(x + i, value);
  }
};

template <class T>
__global__ void count_good_step(const std::int32_t* guard, T* steps) {
  if (threadIdx.x == 0 && *guard == 0) ++*steps;
}

}  // namespace detail

/// Raises the guard when a number is NaN or infinite.
template <Real S>
void op_flag_nonfinite(const Space& space, VectorView<const S, Space> x, Guard<Space> guard) {
  detail::for_each<S>(space, "flag nonfinite", x.size, detail::FlagNonfinite<S>{x.data, guard.data},
                      x.data);
}

/// `steps += 1` unless the guard is raised.
inline void op_count_good_step(const Space& space, Guard<Space> guard,
                               VectorView<std::int32_t, Space> steps) {
  detail::launch(space, "count good step", 1, 32, detail::count_good_step<std::int32_t>, guard.data,
                 steps.data);
}

/// `x *= min(1, max_norm / (sqrt(square_sum) + 1e-6))`, as PyTorch's clip_grad_norm_
template <Real S>
void op_clip(const Space& space, VectorView<S, Space> x, VectorView<const double, Space> square_sum,
             double max_norm) {
  detail::for_each<S>(space, "clip", x.size, detail::Clip<S>{x.data, square_sum.data, max_norm},
                      x.data);
}

}  // namespace kd::cuda
