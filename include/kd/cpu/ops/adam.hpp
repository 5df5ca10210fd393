// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/core/optimizer_step.hpp"
#include "kd/cpu/ops/guard.hpp"

/// One pass over one flat block, a piece at a time while it is in cache. It is written as Eigen
/// array expressions because a plain loop over `std::sqrt` becomes vector code only under compiler
/// flags that a header cannot set.
namespace kd::cpu {

namespace detail {

/// `kd::Adam` for `N` parameters from `at` on: so few that all stays in registers on the way. The
/// results may replace what they come from.
template <Index N, Real S>
void adam_step(VectorView<S> params, VectorView<const S> grads, VectorView<S> m, VectorView<S> v,
               const AdamStep<S>& a, Index at, VectorView<S> to_params, VectorView<S> to_m,
               VectorView<S> to_v) {
  using Numbers = Eigen::Array<S, N, 1>;
  const auto load = [at](const auto& x) { return Numbers(Numbers::Map(x.data + at)); };
  const auto store = [at](const Numbers& x, VectorView<S> to) { Numbers::Map(to.data + at) = x; };
  const Numbers g = load(grads);
  const Numbers next_m = a.beta1 * load(m) + a.gain1 * g;
  // In this order nothing overflows but what is too large itself.
  const Numbers next_v = a.beta2 * load(v) + a.gain2 * g * g;
  store(next_m, to_m);
  store(next_v, to_v);
  store(a.decay * load(params) - a.rate * next_m / (next_v.sqrt() * a.root_scale + a.eps),
        to_params);
}

/// Calls `step(count, at)` for parts of `[at, at + n)`; `count` is a constant.
template <Real S, class Step>
void for_adam_steps(Index at, Index n, Step&& step) {
  constexpr Index together = 4 * simd::width<S>;  // while some divide, others are fetched
  const Index last = at + n;
  for (; at + together <= last; at += together) step(std::integral_constant<Index, together>(), at);
  for (; at < last; ++at) step(std::integral_constant<Index, 1>(), at);
}

}  // namespace detail

/// One step of `kd::Adam`, which gives the formula.
template <Real S>
void op_adam(const Space&, VectorView<S> params, VectorView<const S> grads, VectorView<S> m,
             VectorView<S> v, AdamStep<S> a, Guard<> guard) {
  if (*guard.data != 0) return;
  detail::for_chunks(params.size, 4, [&](Index first, Index n) {
    detail::for_adam_steps<S>(first, n, [&](auto count, Index at) {
      detail::adam_step<decltype(count)::value>(params, grads, m, v, a, at, params, m, v);
    });
  });
}

/// Notes in `lookout.where` the first parameter for which that step would not be finite.
template <Real S>
void op_look_adam(const Space&, VectorView<S> params, VectorView<const S> grads, VectorView<S> m,
                  VectorView<S> v, AdamStep<S> a, const Lookout<>& lookout) {
  detail::look_ahead(params.size, lookout, [&](Index first, Index n, std::atomic<Index>& least) {
    S next[3][detail::chunk];
    const VectorView<S> to[3]{{next[0], n}, {next[1], n}, {next[2], n}};
    const auto p = params.slice(first, n);
    const auto g = grads.slice(first, n);
    const auto m_n = m.slice(first, n);
    const auto v_n = v.slice(first, n);
    detail::for_adam_steps<S>(0, n, [&](auto count, Index at) {
      detail::adam_step<decltype(count)::value>(p, g, m_n, v_n, a, at, to[0], to[1], to[2]);
    });
    for (const S* numbers : next) detail::note_nonfinite(numbers, n, first, least);
  });
}

}  // namespace kd::cpu
