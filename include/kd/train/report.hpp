// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "kd/core/types.hpp"

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
  Index epoch;  ///< counted from 1
  Index epochs;
  Index step;   ///< within the epoch, counted from 1
  Index steps;  ///< in the epoch
  Index batch;  ///< samples in this step
  double loss;  ///< mean over the batch, weighted
  double lr;
  double seconds;  ///< since the epoch began
};

/// What `on_epoch` is told after every epoch, and `fit` returns for all of them.
struct EpochReport {
  Index epoch;  ///< counted from 1
  Index epochs;
  double loss;  ///< mean over the epoch's samples, weighted, as seen while training
  std::vector<LossTerm> terms;
  double lr;  ///< of the last step
  double seconds;
};

/// What training returns.
struct FitReport {
  std::vector<EpochReport> epochs;
};

}  // namespace kd
