// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include "kd/core/buffer.hpp"
#include "kd/core/error.hpp"
#include "kd/core/guard.hpp"

namespace kd {

/// An optimizer is a description, as a layer is; what it remembers lies in a state, one for every
/// block of parameters. `rate_factor` is what the learning-rate schedule says of this step; while
/// the guard is raised a step changes nothing. One that treats tensors differently may have
/// `describe(state, tensors)`, which is told before the first step what a block consists of. One
/// that can go on from a checkpoint has `keep(state, kept)`, which tells all that steps change in a
/// state (see `Kept`), and best `options()` with `names`, so that others are noticed.
template <class O>
concept Optimizer = std::copyable<O> &&
    requires(const O optimizer, Index size, cpu::Space space,
             typename O::template State<float, cpu::Space> state, VectorView<float> params,
             VectorView<const float> grads, double rate_factor, Guard<> guard) {
  { optimizer.template make_state<float>(size, space) } -> std::same_as<decltype(state)>;
  optimizer.step(space, state, params, grads, rate_factor, guard);
  { optimizer.lr() } -> std::convertible_to<double>;
};

/// An optimizer that can be asked about its next step, so that one which would make a number that
/// is not finite is never done. For any other, training keeps the parameters of the step before.
/// - `measure` raises `careful` when what the block or its state holds is out of the ordinary, and
///   forgets what it knew of them; once in an epoch at most;
/// - `is_safe`, once for every step: whether it stays finite for certain, if `careful` is not
///   raised and no gradient reaches `detail::ordinary` (see optim/step_bound.hpp); reads no number;
/// - `look_ahead`, where that is not known: computes the step, stores nothing, and notes the first
///   parameter for which it would not be finite.
template <class O>
concept LooksAhead = Optimizer<O> &&
    requires(const O optimizer, cpu::Space space,
             typename O::template State<float, cpu::Space> state, VectorView<float> params,
             VectorView<const float> grads, double rate_factor, VectorView<std::int32_t> careful,
             Lookout<> lookout) {
  optimizer.measure(space, state, grads, careful);
  { optimizer.is_safe(state, rate_factor) } -> std::convertible_to<bool>;
  optimizer.look_ahead(space, state, params, grads, rate_factor, lookout);
};

namespace detail {

/// A state must be for as many parameters as there are. Throws `ShapeError`.
inline void check_state(const char* optimizer, Index params, Index grads, Index state) {
  check_equal(optimizer, "gradients, as there are parameters", params, grads);
  check_equal(optimizer, "numbers in the state, as there are parameters", params, state);
}

}  // namespace detail
}  // namespace kd
