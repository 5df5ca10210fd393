// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <kd/distill.hpp>
#include <optional>
#include <string>
#include <vector>

#include "integers.hpp"

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
  kd::Evaluation test = {};
  kd::Matrix<float> logits = {};  ///< of the test images, (classes, images)
  kd::FitReport training = {};
};

/// The errors of both students for one seed.
struct SeedResult {
  std::uint64_t seed = 0;
  kd::Index alone = 0;
  kd::Index distilled = 0;
};

struct Results {
  NetworkResult teacher = {};
  NetworkResult student_alone = {};      ///< for the first seed
  NetworkResult student_distilled = {};  ///< likewise
  std::vector<SeedResult> seeds = {};    ///< of first weights and shuffles of the students
  std::optional<example::Integers> integers = {};  ///< that the distilled one was trained to
};

}  // namespace mnist
