// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
#include <optional>
#include <string>
#include <vector>

namespace mnist {

struct EpochResult {
  double train_loss = 0;  ///< mean over the epoch's samples, as seen while training
  double test_accuracy = 0;
  /// The parts of the distilled student's loss.
  std::optional<double> hard_loss = {};
  std::optional<double> soft_loss = {};
};

struct NetworkResult {
  kd::Index parameters = 0;
  kd::Index test_errors = 0;
  double test_accuracy = 0;  ///< 0 to 1
  double seconds_per_epoch = 0;
  std::optional<std::string> file = {};  ///< where it comes from, if it was not trained here
  std::vector<EpochResult> history = {};
};

struct Results {
  NetworkResult teacher = {};
  NetworkResult student_alone = {};
  NetworkResult student_distilled = {};
};

}  // namespace mnist
