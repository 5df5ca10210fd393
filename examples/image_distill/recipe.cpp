// SPDX-License-Identifier: MIT
#include "recipe.hpp"

namespace image {

namespace {

constexpr kd::Index many_images = 20000;

/// For Fashion-MNIST.
Recipe full() {
  return {.name = "full",
          .teacher = {24, 2e-3},
          .augmentation = Augmentation::clothes,
          .student = {20, 4e-3}};
}

/// For the sample of digits: shows that it works, within two minutes.
Recipe quick() {
  return {.name = "quick",
          .teacher = {8, 2e-3},
          .augmentation = Augmentation::digits,
          .student = {6, 4e-3},
          .seeds = 2};
}

template <class T, class U>
void replace(T& figure, const std::optional<U>& by) {
  if (by) figure = *by;
}

}  // namespace

kd::SoftTargets Recipe::soft_targets() const {
  return kd::SoftTargets(
      {.temperature = temperature, .hard_weight = hard_weight, .soft_weight = 1 - hard_weight});
}

kd::Adam Recipe::teacher_adam() const {
  return kd::Adam{{.lr = teacher.lr, .weight_decay = weight_decay, .decay_biases = false}};
}

Recipe make_recipe(const std::optional<std::string>& name, kd::Index images,
                   const Overrides& overrides) {
  const bool is_full = name ? *name == "full" : images > many_images;
  Recipe recipe = is_full ? full() : quick();
  replace(recipe.teacher.epochs, overrides.teacher_epochs);
  replace(recipe.teacher.lr, overrides.teacher_lr);
  replace(recipe.student.epochs, overrides.epochs);
  replace(recipe.student.lr, overrides.lr);
  replace(recipe.batch, overrides.batch);
  replace(recipe.seeds, overrides.seeds);
  replace(recipe.temperature, overrides.temperature);
  replace(recipe.hard_weight, overrides.hard_weight);
  return recipe;
}

void check(const Recipe& recipe) {
  (void)recipe.teacher_adam();
  (void)kd::Adam{{.lr = recipe.student.lr}};
  (void)recipe.soft_targets();
}

}  // namespace image
