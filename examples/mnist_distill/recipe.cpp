// SPDX-License-Identifier: MIT
#include "recipe.hpp"

#include "text.hpp"

namespace mnist {

namespace {

/// What the seed article did.
Recipe article() {
  const Training six{.epochs = 6, .batch = 32, .lr = 1e-4};
  const Training five{.epochs = 5, .batch = 32, .lr = 1e-4};
  return {.name = "article",
          .teacher = six,
          .student_alone = six,
          .student_distilled = five,
          .temperature = 7,
          .hard_weight = 0.3,
          .soft_weight = 0.7};
}

/// Figures at which distillation pays, on all of MNIST and on the sample alike. The teacher learns
/// slowly, so that it is not yet certain of every training image: a teacher that is has little to
/// say beyond the labels, even if it makes fewer errors itself.
Recipe tuned() {
  const Training student{.epochs = 60, .batch = 64, .lr = 4e-3, .cosine = true};
  return {.name = "tuned",
          .teacher = {.epochs = 20, .batch = 128, .lr = 5e-4, .cosine = true},
          .student_alone = student,
          .student_distilled = student,
          .temperature = 3,
          .hard_weight = 0.1,
          .soft_weight = 0.9};
}

template <class T, class U>
void replace(T& figure, const std::optional<U>& by) {
  if (by) figure = *by;
}

void replace_schedule(Training& training, const std::optional<std::string>& by) {
  if (by) training.cosine = *by == "cosine";
}

}  // namespace

kd::SoftTargets Recipe::soft_targets() const {
  return kd::SoftTargets(
      {.temperature = temperature, .hard_weight = hard_weight, .soft_weight = soft_weight});
}

Recipe make_recipe(const std::string& name, const Overrides& overrides) {
  Recipe recipe = name == "article" ? article() : tuned();
  replace(recipe.teacher.epochs, overrides.teacher_epochs);
  replace(recipe.teacher.batch, overrides.teacher_batch);
  replace(recipe.teacher.lr, overrides.teacher_lr);
  replace_schedule(recipe.teacher, overrides.teacher_schedule);
  replace(recipe.dropout, overrides.dropout);
  for (Training* student : {&recipe.student_alone, &recipe.student_distilled}) {
    replace(student->epochs, overrides.epochs);
    replace(student->batch, overrides.batch);
    replace(student->lr, overrides.lr);
    replace_schedule(*student, overrides.schedule);
  }
  replace(recipe.student_distilled.epochs, overrides.distilled_epochs);
  replace(recipe.temperature, overrides.temperature);
  replace(recipe.hard_weight, overrides.hard_weight);
  if (overrides.hard_weight && !overrides.soft_weight) {
    if (*overrides.hard_weight > 1)
      throw kd::ConfigError(
          "--hard-weight: expected at most 1 without --soft-weight, which then is 1 - hard weight, "
          "got " +
          example::general(*overrides.hard_weight));
    recipe.soft_weight = 1 - *overrides.hard_weight;
  }
  replace(recipe.soft_weight, overrides.soft_weight);
  return recipe;
}

void check(const Recipe& recipe) {
  for (const Training& training : {recipe.teacher, recipe.student_alone, recipe.student_distilled})
    (void)kd::Adam{{.lr = training.lr}};
  (void)kd::Dropout{recipe.dropout};
  (void)recipe.soft_targets();
}

}  // namespace mnist
