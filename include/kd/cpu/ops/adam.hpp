// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/optimizer_step.hpp"
#include "kd/cpu/for_elements.hpp"
#include "kd/cpu/ops/guard.hpp"

/// One pass over one flat block, a piece at a time while it is in cache.
namespace kd::cpu {

namespace detail {

/// `kd::Adam` for `V` vectors of `N` parameters from `at` on: while some divide, others are
/// fetched. The results may replace what they come from.
template <Index N, Index V, Real S>
void adam_step(VectorView<S> params, VectorView<const S> grads, VectorView<S> m, VectorView<S> v,
               const AdamStep<S>& a, Index at, VectorView<S> to_params, VectorView<S> to_m,
               VectorView<S> to_v) {
  using Numbers = simd::Vector<S, N>;
  simd::Array<Numbers, V> next_m, next_v;
  for (Index i = 0; i < V; ++i) {
    const Index from = at + i * N;
    const Numbers g = simd::load<N>(grads.data + from);
    next_m[i] = a.beta1 * simd::load<N>(m.data + from) + a.gain1 * g;
    // In this order nothing overflows but what is too large itself.
    next_v[i] = a.beta2 * simd::load<N>(v.data + from) + a.gain2 * g * g;
    simd::store(next_m[i], to_m.data + from);
    simd::store(next_v[i], to_v.data + from);
  }
  for (Index i = 0; i < V; ++i) {
    const Index to = at + i * N;
    const Numbers root = simd::sqrt<N, S>(next_v[i]);
    simd::store(a.decay * simd::load<N>(params.data + to) -
                    a.rate * next_m[i] / (root * a.root_scale + a.eps),
                to_params.data + to);
  }
}

/// Calls `step(width, vectors, at)`, the first two constants, for parts of `[at, at + n)`.
template <Real S, class Step>
void for_adam_steps(Index at, Index n, const Step& step) {
  constexpr Index N = simd::width<S>, together = 4;
  const Index last = at + n;
  for (; at + together * N <= last; at += together * N) step(Width<N>(), Width<together>(), at);
  for_elements<S>(at, last - at, [&](auto width, Index i) { step(width, Width<1>(), i); });
}

}  // namespace detail

/// One step of `kd::Adam`, which gives the formula.
template <Real S>
void op_adam(const Space&, VectorView<S> params, VectorView<const S> grads, VectorView<S> m,
             VectorView<S> v, AdamStep<S> a, Guard<> guard) {
  if (*guard.data != 0) return;
  detail::for_chunks(params.size, 4, [&](Index first, Index n) {
    detail::for_adam_steps<S>(first, n,
                              [&]<Index N, Index V>(detail::Width<N>, detail::Width<V>, Index at) {
                                detail::adam_step<N, V>(params, grads, m, v, a, at, params, m, v);
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
    detail::for_adam_steps<S>(0, n,
                              [&]<Index N, Index V>(detail::Width<N>, detail::Width<V>, Index at) {
                                detail::adam_step<N, V>(p, g, m_n, v_n, a, at, to[0], to[1], to[2]);
                              });
    for (const S* numbers : next) detail::note_nonfinite(numbers, n, first, least);
  });
}

}  // namespace kd::cpu
