// SPDX-License-Identifier: MIT
#include "run.hpp"

#include "bias_correction.hpp"
#include "text.hpp"

namespace hinton {

namespace {

// Streams of the seed's random numbers.
constexpr std::uint64_t for_teacher = 1;
constexpr std::uint64_t for_students = 2;

constexpr kd::Index student_units = 800;
constexpr kd::Index sweep_units[] = {30, 300};

kd::Network<Student> make_student(kd::Index units, std::uint64_t seed) {
  return {Student(kd::Linear<784, kd::dynamic>(784, units), {}, kd::Linear<>(units, units), {},
                  kd::Linear<kd::dynamic, 10>(units, 10)),
          kd::Rng(seed).stream(for_students)};
}

Outcome train_teacher(const Trainer& trainer, kd::Network<Teacher>& teacher) {
  const Recipe& recipe = trainer.recipe();
  const kd::MaxNorm optimizer(
      kd::Sgd{{.lr = recipe.teacher_lr, .momentum = recipe.momentum, .nesterov = true}},
      {.max_norm = recipe.max_norm});
  const kd::AugmentImages jitter(kd::Shape{1, 28, 28}, kd::RandomShift{{.pixels = recipe.pixels}});
  return trainer.train(
      "teacher", teacher, recipe.teacher_epochs, jitter, [&](const kd::FitOptions& options) {
        return kd::fit(teacher, trainer.images().train, kd::CrossEntropy{}, optimizer, options);
      });
}

/// The students of one seed, who ask a teacher that has looked at the training images once.
class Class {
 public:
  Class(const Trainer& trainer, const kd::CachedTeacher<>& table)
      : trainer_(trainer), table_(table) {}

  Outcome distil(const std::string& name, kd::Network<Student>& student, const kd::Dataset& data,
                 double temperature, kd::Index epochs) const {
    kd::Distiller distiller(
        table_, student,
        kd::SoftTargets{{.temperature = temperature, .hard_weight = 0, .soft_weight = 1}});
    return trainer_.train(name, student, epochs, {}, [&](const kd::FitOptions& options) {
      return distiller.fit(data, adam(), options);
    });
  }

  /// A student on a transfer set that lacks classes; then the biases of `moved` are.
  Corrected distil_without(const std::string& name, const kd::Dataset& data,
                           std::vector<kd::Label> moved) const {
    const Recipe& recipe = trainer_.recipe();
    const kd::Dataset& train = trainer_.images().train;
    kd::Network<Student> student = make_student(student_units, trainer_.seed());
    Corrected result{
        .as_trained = distil(name, student, data, recipe.temperature, recipe.student_epochs),
        .classes = std::move(moved)};
    result.shift =
        best_shift(kd::CachedTeacher(student, train).kept(), train.labels(), result.classes);
    for (const kd::Label c : result.classes)
      student.layer<5>().bias()(c) += static_cast<float>(result.shift);
    result.corrected = kd::evaluate(student, trainer_.images().test);
    return result;
  }

  std::vector<SweepPoint> sweep() const {
    const Recipe& recipe = trainer_.recipe();
    std::vector<SweepPoint> points;
    for (const kd::Index units : sweep_units) {
      for (const double temperature : recipe.temperatures) {
        kd::Network<Student> student = make_student(units, trainer_.seed());
        const std::string name =
            std::to_string(units) + " units T " + example::general(temperature);
        points.push_back(
            {units, temperature,
             distil(name, student, trainer_.images().train, temperature, recipe.sweep_epochs)});
      }
    }
    return points;
  }

  kd::Adam adam() const { return kd::Adam{{.lr = trainer_.recipe().student_lr}}; }

 private:
  const Trainer& trainer_;
  const kd::CachedTeacher<>& table_;
};

}  // namespace

SeedResults run_seed(const Trainer& trainer, const Rows& rows) {
  SeedResults results{.seed = trainer.seed()};
  const Recipe& recipe = trainer.recipe();
  const kd::Dataset& train = trainer.images().train;
  if (rows.alone) {
    kd::Network<Student> student = make_student(student_units, trainer.seed());
    results.alone = trainer.train("alone", student, recipe.student_epochs, {},
                                  [&](const kd::FitOptions& options) {
                                    return kd::fit(student, train, kd::CrossEntropy{},
                                                   kd::Adam{{.lr = recipe.student_lr}}, options);
                                  });
  }
  if (!rows.taught()) return results;
  const kd::Dropout dropout(recipe.dropout);
  kd::Network<Teacher> teacher(Teacher({}, dropout, {}, {}, dropout, {}, {}),
                               kd::Rng(trainer.seed()).stream(for_teacher));
  results.teacher = train_teacher(trainer, teacher);
  const kd::CachedTeacher<> table(teacher, train);
  const Class students(trainer, table);
  if (rows.distilled) {
    kd::Network<Student> student = make_student(student_units, trainer.seed());
    results.distilled =
        students.distil("distilled", student, train, recipe.temperature, recipe.student_epochs);
  }
  if (rows.without_threes)
    results.without_threes =
        students.distil_without("without 3s", kd::without_classes(train, {3}), {3});
  if (rows.sevens_and_eights)
    results.sevens_and_eights =
        students.distil_without("7s and 8s only", kd::only_classes(train, {7, 8}), {7, 8});
  if (rows.sweep) results.sweep = students.sweep();
  return results;
}

}  // namespace hinton
