// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "kd/train/kept.hpp"
#include "kd/train/options.hpp"
#include "kd/train/run_identity.hpp"

namespace kd::detail {

/// What tells this training from others; `begin`: its first step.
template <class Objective, class O>
RunIdentity identify_run(const Objective& objective, const O& optimizer, const FitOptions& options,
                         const Dataset& data, const Progress& begin) {
  RunIdentity all(begin);
  objective.identify(all);
  all.add_options("optimizer", optimizer);
  all.add_data("data", data);
  all.add("steps before", begin.step);
  all.add("epochs", options.epochs);
  all.add("batch_size", options.batch_size);
  all.add("seed", options.seed);
  all.add("shuffle", options.shuffle);
  all.add("augment", options.augment.describe());
  all.add("second_view", options.second_view.describe());
  all.add("schedule", options.schedule);
  all.add("max_grad_norm", options.max_grad_norm);
  all.add("patience", options.patience);
  all.add("keep_best", options.keep_best);
  if (options.validation) all.add_data("validation", *options.validation);
  return all;
}

/// All that a step changes of what is trained, and of what the optimizer and the methods remember.
/// Throws `ConfigError` when an optimizer or a method does not say what that is.
template <class Objective, class O, class Space>
void keep_trained(Objective& objective, const O& optimizer, const Space& space, Kept& kept) {
  std::size_t k = 0;
  objective.for_each_block([&](auto params, auto, auto& state) {
    kept.begin(text("block ", ++k, ": "));
    kept.add("weights", params, space);
    if constexpr (requires { optimizer.keep(state, kept); })
      optimizer.keep(state, kept);
    else
      throw ConfigError(
          "FitOptions: checkpoint needs an optimizer that tells what steps change in its state, by "
          "keep(state, kept)");
  });
  kept.begin("");
  objective.for_each_follower([&](auto follower) {
    if (follower.size > 0) kept.add("followers", follower, space);
  });
  if constexpr (requires { objective.keep(kept); }) objective.keep(kept);
}

}  // namespace kd::detail
