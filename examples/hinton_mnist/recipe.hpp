// SPDX-License-Identifier: MIT
#pragma once

#include <kd/core/types.hpp>
#include <optional>
#include <vector>

namespace hinton {

/// What the paper leaves out: the figures with which the networks are trained. How they were
/// chosen, on training images held out, is told in examples/README.md; `--validate` is for more of
/// that.
struct Recipe {
  kd::Index seeds = 3;

  // The teacher: momentum SGD, the rate falling as a cosine; images jittered by up to two pixels.
  kd::Index teacher_epochs = 100;
  double teacher_lr = 0.1;
  double momentum = 0.9;
  double dropout = 0.3;   ///< of the hidden units
  double max_norm = 2;    ///< of a unit's incoming weights
  kd::Index pixels = 2;   ///< of jitter
  kd::Index batch = 128;  ///< images a step, all networks

  // Students: Adam, the rate falling as a cosine; images as they are.
  kd::Index student_epochs = 30;
  double student_lr = 3e-3;
  double temperature = 20;

  // The sweep of temperatures for narrower students.
  kd::Index sweep_epochs = 24;
  std::vector<double> temperatures{1, 2, 3, 4, 8, 20};
};

/// Every row of the table, where time allows.
Recipe full_recipe();
/// One seed and few epochs: the effect in four minutes of one processor's time.
Recipe quick_recipe();

/// The figures that flags put in place of the recipe's.
struct Overrides {
  std::optional<kd::Index> seeds, teacher_epochs, student_epochs, sweep_epochs, batch;
  std::optional<double> teacher_lr, momentum, dropout, max_norm, student_lr, temperature;
};

Recipe make_recipe(bool quick, const Overrides& overrides);

/// Throws `kd::ConfigError` when a figure is out of its range, before anything is trained with it.
void check(const Recipe& recipe);

}  // namespace hinton
