// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/optimizer_step.hpp"
#include "kd/cpu/ops/guard.hpp"

namespace kd::cpu {

namespace detail {

/// `kd::Sgd` for a piece of a block; the results may replace what they come from. `velocity` is
/// empty without momentum.
template <Real S>
void sgd_steps(VectorView<const S> params, VectorView<const S> grads, VectorView<const S> velocity,
               const SgdStep<S>& s, VectorView<S> next_params, VectorView<S> next_velocity) {
  const auto p = array(params);
  const auto g = array(grads) + s.weight_decay * p;
  if (velocity.empty()) {
    array(next_params) = p - s.rate * g;
    return;
  }
  auto u = array(next_velocity);
  if (s.first) {
    u = g;
  } else {
    u = s.momentum * array(velocity) + g;
  }
  if (s.nesterov) {
    array(next_params) = p - s.rate * (g + s.momentum * u);
  } else {
    array(next_params) = p - s.rate * u;
  }
}

}  // namespace detail

/// One step of `kd::Sgd`; `velocity` is empty without momentum.
template <Real S>
void op_sgd(const Space&, VectorView<S> params, VectorView<const S> grads, VectorView<S> velocity,
            SgdStep<S> s, Guard<> guard) {
  if (*guard.data != 0) return;
  detail::for_chunks(params.size, 2, [&](Index at, Index n) {
    const auto p = params.slice(at, n);
    const auto u = velocity.empty() ? velocity : velocity.slice(at, n);
    detail::sgd_steps<S>(p, grads.slice(at, n), u, s, p, u);
  });
}

/// Notes in `lookout.where` the first parameter for which that step would not be finite.
template <Real S>
void op_look_sgd(const Space&, VectorView<S> params, VectorView<const S> grads,
                 VectorView<S> velocity, SgdStep<S> s, const Lookout<>& lookout) {
  detail::look_ahead(params.size, lookout, [&](Index at, Index n, std::atomic<Index>& least) {
    S next[2][detail::chunk];
    const auto u = velocity.empty() ? velocity : velocity.slice(at, n);
    detail::sgd_steps<S>(params.slice(at, n), grads.slice(at, n), u, s, {next[0], n}, {next[1], n});
    detail::note_nonfinite(next[0], n, at, least);
    if (!velocity.empty()) detail::note_nonfinite(next[1], n, at, least);
  });
}

}  // namespace kd::cpu
