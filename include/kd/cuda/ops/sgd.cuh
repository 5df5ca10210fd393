// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/optimizer_step.hpp"
#include "kd/cuda/ops/guard.cuh"

namespace kd::cuda {

namespace detail {

/// One step of `kd::Sgd` for one parameter.
template <Real S>
__device__ __forceinline__ void sgd_step(const SgdStep<S>& s, S g, S& param, S& velocity,
                                         bool has_velocity) {
  g += s.weight_decay * param;
  if (has_velocity) {
    velocity = s.first ? g : s.momentum * velocity + g;
    g = s.nesterov ? g + s.momentum * velocity : velocity;
  }
  param -= s.rate * g;
}

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
    const Pack<S, N> g = load<N>(grads + i);
    Pack<S, N> p = load<N>(params + i);
    Pack<S, N> u{};
    if (velocity != nullptr) u = load<N>(velocity + i);
    for (int k = 0; k < N; ++k) sgd_step(s, g.v[k], p.v[k], u.v[k], velocity != nullptr);
    if (velocity != nullptr) store(velocity + i, u);
    store(params + i, p);
  }
};

template <Real S>
struct SgdLook {
  const S* params;
  const S* grads;
  const S* velocity;
  SgdStep<S> s;
  Finder finder;

  template <int N>
  __device__ void apply(Index i) const {
    if (finder.is_idle()) return;
    const Pack<S, N> g = load<N>(grads + i);
    Pack<S, N> p = load<N>(params + i);
    Pack<S, N> u{};
    if (velocity != nullptr) u = load<N>(velocity + i);
    for (int k = 0; k < N; ++k) {
      sgd_step(s, g.v[k], p.v[k], u.v[k], velocity != nullptr);
      if (!is_finite(p.v[k]) || !is_finite(u.v[k])) finder.note(i + k);
    }
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

/// Notes in `lookout.where` the first parameter for which that step would not be finite.
template <Real S>
void op_look_sgd(const Space& space, VectorView<S, Space> params, VectorView<const S, Space> grads,
                 VectorView<S, Space> velocity, SgdStep<S> s, const Lookout<Space>& lookout) {
  const detail::SgdLook<S> look{params.data, grads.data, velocity.data, s, detail::Finder(lookout)};
  detail::for_each<S>(space, "look sgd", params.size, look, params.data, grads.data, velocity.data);
}

}  // namespace kd::cuda
