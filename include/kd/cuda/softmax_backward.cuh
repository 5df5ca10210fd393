// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/softmax.cuh"

namespace kd::cuda::detail {

/// `dz += q (dq - <q, dq>) / T`
template <Real S>
struct SoftmaxBackwardKernel {
  const S* q;
  const S* dq;
  Index classes;
  S temperature;
  S* dlogits;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * classes;
    S mean = 0;
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto q_pack = load<Width>(q + first + c);
      const auto dq_pack = load<Width>(dq + first + c);
      for (int k = 0; k < Width; ++k) mean += q_pack.v[k] * dq_pack.v[k];
    });
    mean = Team::reduce(mean, Sum{});
    for_classes<Team, Width>(classes, [&](Index c) {
      auto grad = load<Width>(q + first + c);
      const auto dq_pack = load<Width>(dq + first + c);
      for (int k = 0; k < Width; ++k) grad.v[k] *= (dq_pack.v[k] - mean) / temperature;
      put(dlogits + first + c, grad, Write::add);
    });
  }
};

}  // namespace kd::cuda::detail
