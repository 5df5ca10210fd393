// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>

#include "kd/core/guard.hpp"
#include "kd/core/optimizer_step.hpp"
#include "kd/cpu/elementwise.hpp"
#include "kd/cpu/simd.hpp"

/// The optimizers' passes over one flat block, a piece at a time while it is in cache. They are
/// Eigen array expressions because a plain loop over `std::sqrt` becomes vector code only under
/// compiler flags that a header cannot set.
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

/// One step of `kd::Sgd`; `velocity` is empty without momentum.
template <Real S>
void op_sgd(const Space&, VectorView<S> params, VectorView<const S> grads, VectorView<S> velocity,
            SgdStep<S> s, Guard<> guard) {
  if (*guard.data != 0) return;
  detail::for_chunks(params.size, 2, [&](Index at, Index n) {
    auto p = array(params.slice(at, n));
    const auto g = array(grads.slice(at, n)) + s.weight_decay * p;
    if (velocity.empty()) {
      p -= s.rate * g;
      return;
    }
    auto u = array(velocity.slice(at, n));
    if (s.first) {
      u = g;
    } else {
      u = s.momentum * u + g;
    }
    if (s.nesterov) {
      p -= s.rate * (g + s.momentum * u);
    } else {
      p -= s.rate * u;
    }
  });
}

/// Raises the guard when a number is NaN or infinite.
template <Real S>
void op_flag_nonfinite(const Space&, VectorView<const S> x, Guard<> guard) {
  std::atomic<bool> bad = false;
  // Cheaper than that, but the optimizer comes next, and this shares the block out as it does.
  detail::for_chunks(x.size, 4, [&](Index at, Index n) {
    // Zero times a finite number is zero; times any other it is NaN, which a sum keeps.
    if (!((array(x.slice(at, n)) * S(0)).sum() == S(0))) bad.store(true, std::memory_order_relaxed);
  });
  if (bad) *guard.data = 1;
}

/// `total += sum of squares`
template <Real S>
void op_add_square_sum(const Space&, VectorView<const S> x, VectorView<double> total) {
  double sum = 0;  // a piece in S, the pieces in double and in order
  for (Index at = 0; at < x.size; at += detail::chunk)
    sum +=
        static_cast<double>(map(x.slice(at, std::min(detail::chunk, x.size - at))).squaredNorm());
  *total.data += sum;
}

/// `x *= min(1, max_norm / (sqrt(square_sum) + 1e-6))`, as PyTorch's clip_grad_norm_
template <Real S>
void op_clip(const Space&, VectorView<S> x, VectorView<const double> square_sum, double max_norm) {
  const double factor = max_norm / (std::sqrt(*square_sum.data) + 1e-6);
  if (factor < 1) map(x) *= static_cast<S>(factor);
}

}  // namespace kd::cpu
