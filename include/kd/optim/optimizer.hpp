// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include "kd/core/buffer.hpp"
#include "kd/core/error.hpp"
#include "kd/core/guard.hpp"

namespace kd {

namespace detail {

/// Weight decay takes this share of a weight in a step: no more than all of it.
inline void check_decay(const char* name, double lr, double weight_decay) {
  const double share = lr * weight_decay;
  if (!is_finite(share) || share > 1)
    throw ConfigError(text(name, " must be at most 1, got ", share));
}

}  // namespace detail

/// An optimizer is a description, as a layer is; what it remembers lies in a state, one for every
/// block of parameters. `rate_factor` is what the learning-rate schedule says of this step.
template <class O>
concept Optimizer = std::copyable<O> &&
    requires(const O optimizer, Index size, cpu::Space space,
             typename O::template State<float, cpu::Space> state, VectorView<float> params,
             VectorView<const float> grads, double rate_factor, Guard<> guard) {
  { optimizer.template make_state<float>(size, space) } -> std::same_as<decltype(state)>;
  optimizer.step(space, state, params, grads, rate_factor, guard);
  { optimizer.lr() } -> std::convertible_to<double>;
};

}  // namespace kd
