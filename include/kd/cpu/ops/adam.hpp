// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/optimizer_step.hpp"
#include "kd/cpu/ops/guard.hpp"

/// One pass over one flat block, a piece at a time while it is in cache. It is written as Eigen
/// array expressions because a plain loop over `std::sqrt` becomes vector code only under compiler
/// flags that a header cannot set.
namespace kd::cpu {

namespace detail {

/// The numbers of `kd::Adam` for one parameter each.
template <Real S>
struct AdamBlock {
  S* params;
  S* m;
  S* v;

  AdamBlock from(Index at) const { return {params + at, m + at, v + at}; }
};

/// `kd::Adam` for `N` parameters from `at` on: so few that all stays in registers on the way.
template <Index N, Real S>
void adam_step(AdamBlock<S> old, const S* grads, const AdamStep<S>& a, Index at,
               AdamBlock<S> next) {
  using Numbers = Eigen::Array<S, N, 1>;
  const auto load = [at](const S* x) { return Numbers(Numbers::Map(x + at)); };
  const auto store = [at](const Numbers& x, S* to) { Numbers::Map(to + at) = x; };
  const Numbers g = load(grads);
  const Numbers next_m = a.beta1 * load(old.m) + a.gain1 * g;
  // In this order nothing overflows but what is too large itself.
  const Numbers next_v = a.beta2 * load(old.v) + a.gain2 * g * g;
  store(next_m, next.m);
  store(next_v, next.v);
  store(a.decay * load(old.params) - a.rate * next_m / (next_v.sqrt() * a.root_scale + a.eps),
        next.params);
}

/// The same for `n` parameters.
template <Real S>
void adam_steps(AdamBlock<S> old, const S* grads, const AdamStep<S>& a, Index n,
                AdamBlock<S> next) {
  constexpr Index together = 4 * simd::width<S>;  // while some divide, others are fetched
  Index at = 0;
  for (; at + together <= n; at += together) adam_step<together>(old, grads, a, at, next);
  for (; at < n; ++at) adam_step<1>(old, grads, a, at, next);
}

}  // namespace detail

/// One step of `kd::Adam`, which gives the formula.
template <Real S>
void op_adam(const Space&, VectorView<S> params, VectorView<const S> grads, VectorView<S> m,
             VectorView<S> v, AdamStep<S> a, Guard<> guard) {
  if (*guard.data != 0) return;
  const detail::AdamBlock<S> all{params.data, m.data, v.data};
  detail::for_chunks(params.size, 4, [&](Index at, Index n) {
    detail::adam_steps(all.from(at), grads.data + at, a, n, all.from(at));
  });
}

/// Notes in `lookout.where` the first parameter for which that step would not be finite.
template <Real S>
void op_look_adam(const Space&, VectorView<S> params, VectorView<const S> grads, VectorView<S> m,
                  VectorView<S> v, AdamStep<S> a, const Lookout<>& lookout) {
  const detail::AdamBlock<S> all{params.data, m.data, v.data};
  detail::look_ahead(params.size, lookout, [&](Index at, Index n, std::atomic<Index>& least) {
    S next[3][detail::chunk];
    detail::adam_steps(all.from(at), grads.data + at, a, n, {next[0], next[1], next[2]});
    for (const S* numbers : next) detail::note_nonfinite(numbers, n, at, least);
  });
}

}  // namespace kd::cpu
