// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <kd/train/evaluate.hpp>
#include <kd/train/report.hpp>
#include <optional>
#include <vector>

namespace hinton {

/// What became of one network.
struct Outcome {
  kd::Index parameters = 0;
  kd::Evaluation test = {};
  kd::Matrix<float> logits = {};  ///< of the test images, (classes, images)
  kd::FitReport training = {};
};

/// A student whose transfer set lacked classes, before and after the biases of `classes` were moved
/// by `shift`.
struct Corrected {
  Outcome as_trained = {};
  std::vector<kd::Label> classes = {};
  double shift = 0;
  kd::Evaluation corrected = {};
};

/// A narrower student at one temperature.
struct SweepPoint {
  kd::Index units = 0;  ///< of each hidden layer
  double temperature = 0;
  Outcome outcome = {};
};

/// The rows of the table for one seed; those that were not asked for are missing.
struct SeedResults {
  std::uint64_t seed = 0;
  std::optional<Outcome> teacher = {}, alone = {}, distilled = {};
  std::optional<Corrected> without_threes = {}, sevens_and_eights = {};
  std::vector<SweepPoint> sweep = {};
};

}  // namespace hinton
