// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/guard.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/optimizer_step.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/simd.hpp"
#include "kd/cpu/space.hpp"

/// One pass over one flat block, a piece at a time while it is in cache. It is written as Eigen
/// array expressions because a plain loop over `std::sqrt` becomes vector code only under compiler
/// flags that a header cannot set.
namespace kd::cpu {

namespace detail {

/// `kd::Adam` for `N` parameters from `at` on: so few that all stays in registers on the way.
template <Index N, Real S>
void adam_step(VectorView<S> params, VectorView<const S> grads, VectorView<S> m, VectorView<S> v,
               const AdamStep<S>& a, Index at) {
  using Numbers = Eigen::Array<S, N, 1>;
  const auto load = [at](const auto& x) { return Numbers(Numbers::Map(x.data + at)); };
  const auto store = [at](const Numbers& x, VectorView<S> to) { Numbers::Map(to.data + at) = x; };
  const Numbers g = load(grads);
  const Numbers next_m = a.beta1 * load(m) + a.gain1 * g;
  const Numbers next_v = a.beta2 * load(v) + a.gain2 * g.square();
  store(next_m, m);
  store(next_v, v);
  store(a.decay * load(params) - a.rate * next_m / (next_v.sqrt() * a.root_scale + a.eps), params);
}

}  // namespace detail

/// One step of `kd::Adam`, which gives the formula.
template <Real S>
void op_adam(const Space&, VectorView<S> params, VectorView<const S> grads, VectorView<S> m,
             VectorView<S> v, AdamStep<S> a, Guard<> guard) {
  if (*guard.data != 0) return;
  detail::for_chunks(params.size, 4, [&](Index at, Index n) {
    constexpr Index together = 4 * simd::width<S>;  // while some divide, others are fetched
    const Index last = at + n;
    for (; at + together <= last; at += together)
      detail::adam_step<together>(params, grads, m, v, a, at);
    for (; at < last; ++at) detail::adam_step<1>(params, grads, m, v, a, at);
  });
}

}  // namespace kd::cpu
