// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/thread.cuh"

namespace kd::cuda::detail {

/// Two sums that a team reduces together.
template <Real S>
struct TwoSums {
  S first, second;
};
struct AddBoth {
  template <Real S>
  __device__ __forceinline__ TwoSums<S> operator()(TwoSums<S> a, TwoSums<S> b) const {
    return {a.first + b.first, a.second + b.second};
  }
};

}  // namespace kd::cuda::detail
