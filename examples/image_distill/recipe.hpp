// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
#include <optional>
#include <string>

namespace image {

/// How one network is trained: by Adam, whose learning rate falls along half a cosine.
struct Training {
  kd::Index epochs;
  double lr;
};

/// What a teacher's images may look like, too.
enum class Augmentation {
  clothes,  ///< mirrored, moved by a pixel, partly hidden
  digits    ///< moved by two pixels: a mirrored digit is none
};

/// Every figure of a run.
struct Recipe {
  std::string name;
  Training teacher;
  Augmentation augmentation;
  double weight_decay = 5e-4;  ///< the teacher's
  Training student;
  kd::Index batch = 128;
  kd::Index seeds = 3;  ///< of students: each alone and distilled
  double temperature = 4;
  double hard_weight = 0.1;

  /// Throws `kd::ConfigError` when temperature or weight are out of their range.
  kd::SoftTargets soft_targets() const;
  /// The same for the teacher's figures.
  kd::Adam teacher_adam() const;
};

/// The figures that flags put in place of the recipe's.
struct Overrides {
  std::optional<kd::Index> teacher_epochs, epochs, batch, seeds;
  std::optional<double> teacher_lr, lr, temperature, hard_weight;
};

/// The recipe "full" or "quick"; without a name "full" where there are many `images`.
Recipe make_recipe(const std::optional<std::string>& name, kd::Index images,
                   const Overrides& overrides);

/// Throws `kd::ConfigError` when a figure is out of its range, before anything is trained with it.
void check(const Recipe& recipe);

}  // namespace image
