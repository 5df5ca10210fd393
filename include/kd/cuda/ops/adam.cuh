// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/optimizer_step.hpp"
#include "kd/cuda/ops/guard.cuh"

namespace kd::cuda {

namespace detail {

/// One step of `kd::Adam` for one parameter.
template <Real S>
__device__ __forceinline__ void adam_step(const AdamStep<S>& a, S g, S& param, S& m, S& v) {
  m = a.beta1 * m + a.gain1 * g;
  v = a.beta2 * v + a.gain2 * g * g;  // so that nothing overflows but what is too large itself
  param = a.decay * param - a.rate * m / (std::sqrt(v) * a.root_scale + a.eps);
}

template <Real S>
struct AdamUpdate {
  S* params;
  const S* grads;
  S* m;
  S* v;
  AdamStep<S> a;
  const std::int32_t* guard;

  template <int N>
  __device__ void apply(Index i) const {
    if (*guard != 0) return;
    const Pack<S, N> g = load<N>(grads + i);
    Pack<S, N> m_pack = load<N>(m + i);
    Pack<S, N> v_pack = load<N>(v + i);
    Pack<S, N> p_pack = load<N>(params + i);
    for (int k = 0; k < N; ++k) adam_step(a, g.v[k], p_pack.v[k], m_pack.v[k], v_pack.v[k]);
    store(m + i, m_pack);
    store(v + i, v_pack);
    store(params + i, p_pack);
  }
};

template <Real S>
struct AdamLook {
  const S* params;
  const S* grads;
  const S* m;
  const S* v;
  AdamStep<S> a;
  Finder finder;

  template <int N>
  __device__ void apply(Index i) const {
    if (finder.is_idle()) return;
    const Pack<S, N> g = load<N>(grads + i);
    Pack<S, N> m_pack = load<N>(m + i);
    Pack<S, N> v_pack = load<N>(v + i);
    Pack<S, N> p_pack = load<N>(params + i);
    for (int k = 0; k < N; ++k) {
      adam_step(a, g.v[k], p_pack.v[k], m_pack.v[k], v_pack.v[k]);
      if (!is_finite(m_pack.v[k]) || !is_finite(v_pack.v[k]) || !is_finite(p_pack.v[k]))
        finder.note(i + k);
    }
  }
};

}  // namespace detail

/// One step of `kd::Adam`, which gives the formula.
template <Real S>
void op_adam(const Space& space, VectorView<S, Space> params, VectorView<const S, Space> grads,
             VectorView<S, Space> m, VectorView<S, Space> v, AdamStep<S> a, Guard<Space> guard) {
  const detail::AdamUpdate<S> update{params.data, grads.data, m.data, v.data, a, guard.data};
  detail::for_each<S>(space, "adam", params.size, update, params.data, grads.data, m.data, v.data);
}

/// Notes in `lookout.where` the first parameter for which that step would not be finite.
template <Real S>
void op_look_adam(const Space& space, VectorView<S, Space> params, VectorView<const S, Space> grads,
                  VectorView<S, Space> m, VectorView<S, Space> v, AdamStep<S> a,
                  const Lookout<Space>& lookout) {
  const detail::AdamLook<S> look{params.data, grads.data, m.data,
                                 v.data,      a,          detail::Finder(lookout)};
  detail::for_each<S>(space, "look adam", params.size, look, params.data, grads.data, m.data,
                      v.data);
}

}  // namespace kd::cuda
