// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/guard.hpp"
#include "kd/core/optimizer_step.hpp"
#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

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
    for (int k = 0; k < N; ++k) {
      m_pack.v[k] = a.beta1 * m_pack.v[k] + a.gain1 * g.v[k];
      v_pack.v[k] = a.beta2 * v_pack.v[k] + a.gain2 * (g.v[k] * g.v[k]);
      p_pack.v[k] = a.decay * p_pack.v[k] -
                    a.rate * m_pack.v[k] / (std::sqrt(v_pack.v[k]) * a.root_scale + a.eps);
    }
    store(m + i, m_pack);
    store(v + i, v_pack);
    store(params + i, p_pack);
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

}  // namespace kd::cuda
