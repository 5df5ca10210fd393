// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "kd/optim/schedule.hpp"

namespace kd::detail {

/// How many steps a training has behind those that are `done`. Throws `ConfigError` when no number
/// can count them all.
inline Index count_steps(Index epochs, Index steps_per_epoch, Index done = 0) {
  const Index most = (std::numeric_limits<Index>::max() - done) / steps_per_epoch;
  if (epochs > most)
    throw ConfigError(text("FitOptions: epochs must be at most ", most, " with ", steps_per_epoch,
                           " steps each, got ", epochs));
  return epochs * steps_per_epoch;
}

/// Calls `ask(progress)` for the first and the last step of every epoch to come, so that what
/// leaves its range on the way says so before any work; of more than 100,000 epochs it takes about
/// as many, the last one too. A `ConfigError` names the epoch. Epochs and steps that a training
/// before has done are counted on.
template <class F>
void look_ahead(Index epochs, Index steps_per_epoch, const F& ask, Index epochs_done = 0,
                Index steps_done = 0) {
  Progress at{0, steps_per_epoch, steps_done + count_steps(epochs, steps_per_epoch, steps_done)};
  const auto ask_epoch = [&](Index epoch) {
    try {
      at.step = steps_done + epoch * steps_per_epoch;
      ask(at);
      at.step += steps_per_epoch - 1;
      ask(at);
    } catch (const ConfigError& error) {
      throw ConfigError(text("epoch ", epochs_done + epoch + 1, ": ", error.what()));
    }
  };
  const Index stride = 1 + epochs / 100000;
  for (Index epoch = 0; epoch < epochs - stride; epoch += stride) ask_epoch(epoch);
  ask_epoch(epochs - 1);
}

}  // namespace kd::detail
