// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
#include <optional>
#include <string>

namespace mnist {

/// How one network is trained, with Adam.
struct Training {
  kd::Index epochs = 1;
  kd::Index batch = 32;
  double lr = 1e-4;
  bool cosine = false;  ///< the learning rate falls along half a cosine, else it stays
};

/// Every figure of a run.
struct Recipe {
  std::string name;
  Training teacher;
  double dropout = 0.5;
  Training student_alone;
  Training student_distilled;
  double temperature = 4;
  double hard_weight = 0.1;
  double soft_weight = 0.9;

  /// Throws `kd::ConfigError` when temperature or weights are out of their range.
  kd::SoftTargets soft_targets() const;
};

/// The figures that flags put in place of the recipe's.
struct Overrides {
  std::optional<kd::Index> teacher_epochs, teacher_batch;
  std::optional<double> teacher_lr, dropout;
  std::optional<std::string> teacher_schedule;
  std::optional<kd::Index> epochs, distilled_epochs, batch;
  std::optional<double> lr;
  std::optional<std::string> schedule;
  std::optional<double> temperature, hard_weight, soft_weight;
};

/// The recipe `name`, "article" or "tuned", with the flags' figures in place of its own. Throws
/// `kd::ConfigError` when the soft weight would follow from a hard weight above 1.
Recipe make_recipe(const std::string& name, const Overrides& overrides);

/// Throws `kd::ConfigError` when a figure is out of its range, before anything is trained with it.
void check(const Recipe& recipe);

}  // namespace mnist
