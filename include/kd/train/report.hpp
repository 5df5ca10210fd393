// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kd/core/error.hpp"

namespace kd {

/// One of the losses that make up the total, such as "hard" and "soft": its mean over the samples
/// and the weight it enters the total with; where that changes on the way, its last one.
struct LossTerm {
  std::string name;
  double value = 0;
  double weight = 1;
};

/// What `on_step` is told after every step.
struct StepReport {
  Index epoch = 0;  ///< counted from 1
  Index epochs = 0;
  Index step = 0;   ///< within the epoch, counted from 1
  Index steps = 0;  ///< in the epoch
  Index batch = 0;  ///< samples in this step, in however many views
  double loss = 0;  ///< mean over the batch, weighted
  double lr = 0;
  double seconds = 0;  ///< since the epoch began
};

/// How well what is trained does on the validation set, in inference.
struct Validation {
  /// Mean cross-entropy with the labels, whatever is minimised; without labels the mean squared
  /// error.
  double loss = 0;
  double accuracy = 0;  ///< share of samples whose largest logit is their class, 0 to 1
};

/// What `on_epoch` is told after every epoch, and `fit` returns for all of them.
struct EpochReport {
  Index epoch = 0;  ///< counted from 1
  Index epochs = 0;
  double loss = 0;  ///< mean over the epoch's samples, weighted, as seen while training
  std::vector<LossTerm> terms = {};
  double lr = 0;                              ///< of the last step
  double seconds = 0;                         ///< without validation
  std::optional<Validation> validation = {};  ///< at its end, where there is a validation set
};

/// Why training ended.
enum class Stopped {
  all_epochs,  ///< it did not: all epochs were done
  patience,    ///< the validation loss had not become better for `FitOptions::patience` epochs
  callback     ///< `on_step` or `on_epoch` said so
};

/// What training returns.
struct FitReport {
  std::vector<EpochReport> epochs = {};  ///< that were done whole
  Stopped stopped = Stopped::all_epochs;
  std::optional<std::size_t> best_index = {};  ///< in `epochs`; none where nothing was validated

  /// The epoch with the least validation loss, of equals the first. Throws `ConfigError` when none
  /// was validated.
  const EpochReport& best() const {
    if (!best_index) throw ConfigError("FitReport: no epoch was validated, so none is the best");
    return epochs[*best_index];
  }
};

}  // namespace kd
