// SPDX-License-Identifier: MIT
#include "run.hpp"

#include <kd/io/load.hpp>
#include <kd/io/save.hpp>

#include "checkpoint.hpp"
#include "training.hpp"

namespace image {

namespace {

// Streams of the seed's random numbers.
constexpr std::uint64_t for_teacher = 1;
constexpr std::uint64_t for_students = 2;

template <class Network>
Outcome tested(const Network& network, const example::Images& images, kd::FitReport training = {}) {
  return {std::move(training), kd::evaluate(network, images.test),
          kd::CachedTeacher<>(network, images.test).kept()};
}

/// What all networks have in common, and how many have been trained.
class Trainer {
 public:
  Trainer(const Recipe& recipe, const example::Images& images, const RunOptions& options)
      : recipe_(recipe), images_(images), options_(options) {}

  const example::Images& images() const { return images_; }
  const Recipe& recipe() const { return recipe_; }

  /// How the next network is trained.
  kd::FitOptions next(kd::Index epochs, std::uint64_t seed, const kd::Augment& augment = {}) {
    return {.epochs = epochs,
            .batch_size = recipe_.batch,
            .seed = seed,
            .augment = augment,
            .schedule = kd::CosineSchedule{},
            .checkpoint = example::checkpoint_of(options_.checkpoint).part(++trained_)};
  }

  /// Lets `fit(options)` train `network`, then tests it.
  template <class Network>
  Outcome train(const std::string& name, const Network& network, const kd::FitOptions& options,
                const example::Fit& fit) {
    kd::FitReport report = example::train_watched(name, images_, options, fit);
    return tested(network, images_, std::move(report));
  }

 private:
  const Recipe& recipe_;
  const example::Images& images_;
  const RunOptions& options_;
  kd::Index trained_ = 0;
};

kd::Augment augmentation_of(const Recipe& recipe) {
  const kd::Shape shape{1, 28, 28};
  if (recipe.augmentation == Augmentation::digits)
    return kd::AugmentImages(shape, kd::RandomShift{{.pixels = 2}});
  return kd::AugmentImages(shape, kd::RandomMirror{}, kd::RandomShift{{.pixels = 1}},
                           kd::Cutout{{.size = 8}});
}

/// The teacher's result, and what it says of the training images.
struct TeacherAndTable {
  NetworkResult result;
  kd::CachedTeacher<> table;
};

TeacherAndTable ask(const kd::Network<Teacher>& teacher, NetworkResult result,
                    const example::Images& images, example::Outputs& outputs) {
  outputs.write({{"--save-teacher", [&](const std::string& path) { kd::save(teacher, path); }}});
  result.parameters = teacher.num_params();
  return {std::move(result), kd::CachedTeacher<>(teacher, images.train)};
}

TeacherAndTable train_teacher(Trainer& trainer, std::uint64_t seed, example::Outputs& outputs) {
  kd::Network<Teacher> teacher(kd::Rng(seed).stream(for_teacher));
  NetworkResult result;
  result.seeds.push_back(trainer.train(
      "teacher", teacher,
      trainer.next(trainer.recipe().teacher.epochs, seed, augmentation_of(trainer.recipe())),
      [&](const kd::FitOptions& options) {
        return kd::fit(teacher, trainer.images().train, kd::CrossEntropy{},
                       trainer.recipe().teacher_adam(), options);
      }));
  return ask(teacher, std::move(result), trainer.images(), outputs);
}

}  // namespace

example::Spread NetworkResult::errors() const {
  std::vector<double> errors;
  for (const Outcome& outcome : seeds) errors.push_back(static_cast<double>(outcome.test.errors));
  return example::spread_of(errors);
}

std::optional<double> NetworkResult::epoch_seconds() const {
  double seconds = 0;
  double epochs = 0;
  for (const Outcome& outcome : seeds)
    for (const kd::EpochReport& epoch : outcome.training.epochs) {
      seconds += epoch.seconds;
      epochs += 1;
    }
  if (epochs == 0) return std::nullopt;
  return seconds / epochs;
}

ReadyTeacher load_teacher(const std::string& file) {
  ReadyTeacher ready{kd::Network<Teacher>(kd::Rng(0)), file};
  kd::load(ready.network, file);
  return ready;
}

Trained run(const Recipe& recipe, const example::Images& images, const RunOptions& options,
            const std::optional<ReadyTeacher>& ready, example::Outputs& outputs) {
  Trainer trainer(recipe, images, options);
  const auto [teacher_result, table] =
      ready ? ask(ready->network, {.file = ready->file, .seeds = {tested(ready->network, images)}},
                  images, outputs)
            : train_teacher(trainer, options.seed, outputs);
  Trained trained{{.teacher = teacher_result}, kd::Network<Student>(kd::Rng(options.seed))};
  const kd::Adam adam{{.lr = recipe.student.lr}};
  const kd::Index epochs = recipe.student.epochs;
  for (kd::Index i = 0; i < recipe.seeds; ++i) {
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(i);
    const std::string suffix = recipe.seeds > 1 ? ", seed " + std::to_string(seed) : "";
    kd::Network<Student> alone(kd::Rng(seed).stream(for_students));
    kd::Network<Student> distilled = alone;
    trained.results.alone.seeds.push_back(trainer.train(
        "alone" + suffix, alone, trainer.next(epochs, seed), [&](const kd::FitOptions& fit) {
          return kd::fit(alone, images.train, kd::CrossEntropy{}, adam, fit);
        }));
    kd::Distiller distiller(table, distilled, recipe.soft_targets());
    trained.results.distilled.seeds.push_back(trainer.train(
        "distilled" + suffix, distilled, trainer.next(epochs, seed),
        [&](const kd::FitOptions& fit) { return distiller.fit(images.train, adam, fit); }));
    if (i == 0) trained.student = distilled;
  }
  if (options.bits)
    trained.results.integers = example::train_integers(
        *options.bits, example::further(epochs, recipe.student.lr), trained.student, table,
        recipe.soft_targets(), images, trainer.next(epochs, options.seed));
  trained.results.alone.parameters = trained.student.num_params();
  trained.results.distilled.parameters = trained.student.num_params();
  return trained;
}

}  // namespace image
