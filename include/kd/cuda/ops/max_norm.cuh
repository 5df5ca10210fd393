// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/guard.hpp"
#include "kd/cuda/length.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct MaxNormKernel {
  S* weights;
  Index width;
  S max_norm;
  const std::int32_t* guard;

  template <class Team, int Width>
  __device__ void run(Index unit) const {
    if (*guard != 0) return;
    S* const own = weights + unit * width;
    const S norm = length<Team, Width>(own, width);
    if (!(norm > max_norm)) return;
    const S factor = max_norm / norm;
    for_classes<Team, Width>(width, [&](Index i) {
      auto pack = load<Width>(own + i);
      for (int k = 0; k < Width; ++k) pack.v[k] *= factor;
      store(own + i, pack);
    });
  }
};

}  // namespace detail

/// Shortens each column of `weights`, the incoming weights of a unit, to a length of `max_norm`
/// where it is longer.
template <Real S>
void op_max_norm(const Space& space, MatrixView<S, Space> weights, S max_norm, Guard<Space> guard) {
  const detail::MaxNormKernel<S> kernel{weights.data, weights.rows, max_norm, guard.data};
  detail::for_each_sample<S>(space, "max norm", weights.rows, weights.cols, kernel, weights.data);
}

}  // namespace kd::cuda
