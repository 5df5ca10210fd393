// SPDX-License-Identifier: MIT
#include "recipe.hpp"

#include <kd/distill.hpp>

namespace hinton {

namespace {

template <class T, class U>
void replace(T& figure, const std::optional<U>& by) {
  if (by) figure = *by;
}

}  // namespace

Recipe full_recipe() { return {}; }

Recipe quick_recipe() {
  Recipe recipe;
  recipe.seeds = 1;
  recipe.teacher_epochs = 8;
  recipe.student_epochs = 8;
  recipe.student_lr = 1e-3;
  recipe.sweep_epochs = 5;
  recipe.temperatures = {1, 3, 20};
  return recipe;
}

Recipe make_recipe(bool quick, const Overrides& overrides) {
  Recipe recipe = quick ? quick_recipe() : full_recipe();
  replace(recipe.seeds, overrides.seeds);
  replace(recipe.teacher_epochs, overrides.teacher_epochs);
  replace(recipe.student_epochs, overrides.student_epochs);
  replace(recipe.sweep_epochs, overrides.sweep_epochs);
  replace(recipe.batch, overrides.batch);
  replace(recipe.teacher_lr, overrides.teacher_lr);
  replace(recipe.momentum, overrides.momentum);
  replace(recipe.dropout, overrides.dropout);
  replace(recipe.max_norm, overrides.max_norm);
  replace(recipe.student_lr, overrides.student_lr);
  replace(recipe.temperature, overrides.temperature);
  return recipe;
}

void check(const Recipe& recipe) {
  (void)kd::MaxNorm(kd::Sgd{{.lr = recipe.teacher_lr, .momentum = recipe.momentum}},
                    {.max_norm = recipe.max_norm});
  (void)kd::Dropout{recipe.dropout};
  (void)kd::Adam{{.lr = recipe.student_lr}};
  (void)kd::SoftTargets{{.temperature = recipe.temperature, .hard_weight = 0, .soft_weight = 1}};
}

}  // namespace hinton
