// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/guard.hpp"
#include "kd/core/optimizer_step.hpp"
#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct SgdUpdate {
  S* params;
  const S* grads;
  S* velocity;
  SgdStep<S> s;
  const std::int32_t* guard;

  template <int N>
  __device__ void apply(Index i) const {
    if (*guard != 0) return;
    Pack<S, N> g = load<N>(grads + i);
    Pack<S, N> p = load<N>(params + i);
    for (int k = 0; k < N; ++k) g.v[k] += s.weight_decay * p.v[k];
    if (velocity != nullptr) {
      Pack<S, N> u = g;
      if (!s.first) {
        u = load<N>(velocity + i);
        for (int k = 0; k < N; ++k) u.v[k] = s.momentum * u.v[k] + g.v[k];
      }
      store(velocity + i, u);
      for (int k = 0; k < N; ++k) g.v[k] = s.nesterov ? g.v[k] + s.momentum * u.v[k] : u.v[k];
    }
    for (int k = 0; k < N; ++k) p.v[k] -= s.rate * g.v[k];
    store(params + i, p);
  }
};

}  // namespace detail

/// One step of `kd::Sgd`; `velocity` is empty without momentum.
template <Real S>
void op_sgd(const Space& space, VectorView<S, Space> params, VectorView<const S, Space> grads,
            VectorView<S, Space> velocity, SgdStep<S> s, Guard<Space> guard) {
  const detail::SgdUpdate<S> update{params.data, grads.data, velocity.data, s, guard.data};
  detail::for_each<S>(space, "sgd", params.size, update, params.data, grads.data, velocity.data);
}

}  // namespace kd::cuda
