// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/guard.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/optimizer_step.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

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

}  // namespace kd::cpu
