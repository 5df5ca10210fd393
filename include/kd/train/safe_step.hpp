// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "kd/core/step_runner.hpp"
#include "kd/cpu/ops/copy.hpp"
#include "kd/cpu/ops/guard.hpp"
#include "kd/cpu/ops/sum.hpp"
#include "kd/optim/optimizer.hpp"
#include "kd/optim/step_bound.hpp"
#include "kd/train/blame.hpp"

namespace kd::detail {

/// Steps every block of an objective's parameters, or none: a step that would leave anything that
/// is not finite raises the guard and changes nothing, and the guard stays up.
///
/// Losses and gradients are looked at in every step. What the step makes of them is not: bounds
/// tell that it is finite (see optim/step_bound.hpp), and where they do not it is computed twice,
/// the first time to look at. An optimizer that cannot be asked (see `LooksAhead`) does its step,
/// and the parameters are restored from a copy when they are not finite.
template <class Space, class Objective, Optimizer O>
class SafeStep {
 public:
  SafeStep(Objective& objective, const O& optimizer, double max_grad_norm, const Space& space)
      : objective_(objective),
        optimizer_(optimizer),
        max_grad_norm_(max_grad_norm),
        space_(space),
        square_sum_(1, space),
        guard_(1, space),
        careful_(1, space),
        where_(1, space),
        good_steps_(1, space) {
    const auto nowhere = Lookout<Space>::nowhere;
    op_upload(space, VectorView<const unsigned long long>(&nowhere, 1), where_.view());
    op_raise(space, careful_.view());  // nothing has been measured
    if constexpr (!LooksAhead<O>)
      objective.for_each_block(
          [&](auto params, auto, auto&) { before_.emplace_back(params.size, space); });
  }

  /// Between two steps, where the host may wait for the space: measures anew what bounds cannot
  /// tell any longer.
  void begin_epoch() {
    if constexpr (LooksAhead<O>) {
      if (op_read(space_, careful_.view()) == 0) return;
      op_zero(space_, careful_.view());
      objective_.for_each_block([&](auto params, auto, auto& state) {
        optimizer_.measure(space_, state, readable(params), careful_.view());
      });
    }
  }

  /// The step that follows from the gradients, unless they or `totals` are not finite.
  void run(VectorView<double, Space> totals, double factor) {
    flag(totals);
    if constexpr (LooksAhead<O>) {
      look_ahead(factor);
      op_settle_guard(space_, readable(where_.view()), guard_.view(), good_steps_.view());
      step(factor);
    } else {
      std::size_t k = 0;
      objective_.for_each_block([&](auto params, auto, auto&) {
        op_copy(space_, readable(params), before_[k++].view(), Write::overwrite);
      });
      step(factor);
      for_each_place([&](auto params, auto, auto&, const Lookout<Space>& lookout) {
        op_look_at(space_, readable(params), lookout);
      });
      op_settle_guard(space_, readable(where_.view()), guard_.view(), good_steps_.view());
      k = 0;
      objective_.for_each_block([&](auto params, auto, auto&) {
        op_restore(space_, readable(before_[k++].view()), params, readable(guard_.view()));
      });
    }
  }

  bool went_wrong() const { return op_read(space_, guard_.view()) != 0; }

  /// Steps since training began, up to the one that went wrong.
  Index good_steps() const { return op_read(space_, good_steps_.view()); }

  /// What was not finite in the step that went wrong, which the objective has done last.
  std::string blame(VectorView<double, Space> totals) {
    const unsigned long long place = op_read(space_, where_.view());
    if (place != Lookout<Space>::nowhere)
      return "update of " + objective_.tensor_at(static_cast<Index>(place));
    const std::string name = objective_.blame();
    if (!name.empty()) return name;
    return all_finite(space_, totals) ? "norm of the gradients" : "loss";
  }

 private:
  template <class T>
  static VectorView<const T, Space> readable(VectorView<T, Space> x) {
    return x;
  }

  bool clips() const { return is_finite(max_grad_norm_); }

  /// Raises the guard where losses, gradients or their norm are not finite, then clips.
  void flag(VectorView<double, Space> totals) {
    op_flag_nonfinite(space_, readable(totals), guard_.view());
    if (clips()) op_zero(space_, square_sum_.view());
    objective_.for_each_block([&](auto, auto grads, auto&) {
      op_flag_gradients(space_, readable(grads), ordinary, guard_.view(), careful_.view());
      if (clips()) op_add_square_sum(space_, readable(grads), square_sum_.view());
    });
    if (!clips()) return;
    op_flag_nonfinite(space_, readable(square_sum_.view()), guard_.view());
    objective_.for_each_block([&](auto, auto grads, auto&) {
      op_clip(space_, grads, readable(square_sum_.view()), max_grad_norm_);
    });
  }

  void look_ahead(double factor) {
    bool safe = true;
    objective_.for_each_block(
        [&](auto, auto, auto& state) { safe = optimizer_.is_safe(state, factor) && safe; });
    if (!safe) op_raise(space_, careful_.view());
    // A space that is behind the host cannot tell it whether anybody has to look.
    if constexpr (StepRunner<Space>::steps_between_checks == 1)
      if (op_read(space_, careful_.view()) == 0) return;
    for_each_place([&](auto params, auto grads, auto& state, const Lookout<Space>& lookout) {
      optimizer_.look_ahead(space_, state, params, readable(grads), factor, lookout);
    });
  }

  void step(double factor) {
    objective_.for_each_block([&](auto params, auto grads, auto& state) {
      optimizer_.step(space_, state, params, readable(grads), factor, guard_.view());
    });
  }

  /// Calls `f(params, grads, state, lookout)` for every block.
  template <class F>
  void for_each_place(F&& f) {
    Index first = 0;
    objective_.for_each_block([&](auto params, auto grads, auto& state) {
      f(params, grads, state, Lookout<Space>{guard_.view(), careful_.view(), where_.view(), first});
      first += params.size;
    });
  }

  Objective& objective_;
  const O& optimizer_;
  double max_grad_norm_;
  const Space& space_;
  Buffer<double, Space> square_sum_;
  Buffer<std::int32_t, Space> guard_;
  Buffer<std::int32_t, Space> careful_;  ///< raised: steps are looked at, up to the next measure
  Buffer<unsigned long long, Space> where_;
  Buffer<std::int32_t, Space> good_steps_;
  std::vector<Buffer<typename Objective::Scalar, Space>> before_;  ///< where nobody looks ahead
};

}  // namespace kd::detail
