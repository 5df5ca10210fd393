// SPDX-License-Identifier: MIT
#include "run.hpp"

#include <iostream>
#include <kd/io/save.hpp>

#include "checkpoint.hpp"
#include "stored_network.hpp"
#include "training.hpp"

namespace mnist {

namespace {

using example::Student;
using example::Teacher;

// Streams of the seed's random numbers.
constexpr std::uint64_t for_teacher = 1;
constexpr std::uint64_t for_students = 2;

EpochResult summary(const kd::EpochReport& report) {
  EpochResult result{.train_loss = report.loss, .test_accuracy = report.validation->accuracy};
  for (const kd::LossTerm& term : report.terms) {
    if (term.name == "hard") result.hard_loss = term.value;
    if (term.name == "soft") result.soft_loss = term.value;
  }
  return result;
}

/// How a network does on the test images.
template <class Network>
NetworkResult test(const Network& network, const example::Images& images) {
  const kd::Evaluation evaluation = kd::evaluate(network, images.test);
  return {.parameters = network.num_params(),
          .test_errors = evaluation.errors,
          .test_accuracy = evaluation.accuracy,
          .test = evaluation,
          .logits = kd::CachedTeacher(network, images.test).kept()};
}

/// What all networks have in common.
struct Setting {
  const Recipe& recipe;
  const example::Images& images;
  const RunOptions& options;
  std::uint64_t seed;  ///< of the network
  example::Lines lines = example::Lines::epochs;
};

/// How a network is trained, number `part` of them.
kd::FitOptions options_of(const Training& training, kd::Index part, const Setting& setting) {
  kd::FitOptions options{
      .epochs = training.epochs,
      .batch_size = training.batch,
      .seed = setting.seed,
      .checkpoint = example::checkpoint_of(setting.options.checkpoint).part(part)};
  if (training.cosine) options.schedule = kd::CosineSchedule{};
  return options;
}

/// Lets `fit(options)` train `network`, which is tested after every epoch.
template <class Network>
NetworkResult train(const char* name, kd::Index part, const Network& network,
                    const Training& training, const Setting& setting, const example::Fit& fit) {
  const kd::FitReport report = example::train_watched(
      name, setting.images, options_of(training, part, setting), fit, setting.lines);
  NetworkResult result = test(network, setting.images);
  result.training = report;
  for (const kd::EpochReport& epoch : report.epochs) {
    result.seconds_per_epoch += epoch.seconds / static_cast<double>(training.epochs);
    result.history.push_back(summary(epoch));
  }
  return result;
}

struct TeacherAndTable {
  NetworkResult result;
  kd::CachedTeacher<> table;
};

/// Saves the teacher, where a flag asks for it, and lets it look at the training images once. They
/// never change, so the table teaches exactly what the live teacher would.
TeacherAndTable ask(const kd::Network<Teacher>& teacher, NetworkResult result,
                    const example::Images& images, example::Outputs& outputs) {
  outputs.write({{"--save-teacher", [&](const std::string& path) { kd::save(teacher, path); }}});
  return {std::move(result), kd::CachedTeacher<>(teacher, images.train)};
}

/// Trains the teacher and keeps only what it says of the training images: its weights, gradients
/// and moments are gone before the students train.
TeacherAndTable train_teacher(const Setting& setting, example::Outputs& outputs) {
  const kd::Dropout dropout(setting.recipe.dropout);
  kd::Network<Teacher> teacher(Teacher({}, dropout, {}, {}, dropout, {}, {}),
                               kd::Rng(setting.options.seed).stream(for_teacher));
  const Training& training = setting.recipe.teacher;
  NetworkResult result =
      train("teacher", 1, teacher, training, setting, [&](const kd::FitOptions& options) {
        return kd::fit(teacher, setting.images.train, kd::CrossEntropy{},
                       kd::Adam{{.lr = training.lr}}, options);
      });
  return ask(teacher, std::move(result), setting.images, outputs);
}

TeacherAndTable take_teacher(const ReadyTeacher& ready, const example::Images& images,
                             example::Outputs& outputs) {
  NetworkResult result = test(ready.network, images);
  result.file = ready.file;
  return ask(ready.network, std::move(result), images, outputs);
}

/// Trains both students of a seed, which are numbers `part` and `part + 1` of all networks.
Trained train_students(const Setting& setting, const kd::CachedTeacher<>& teacher, kd::Index part) {
  const Recipe& recipe = setting.recipe;
  const kd::Dataset& data = setting.images.train;
  kd::Network<Student> alone(kd::Rng(setting.seed).stream(for_students));
  Trained trained{.results = {}, .student = alone};
  Results& results = trained.results;
  results.student_alone = train("student alone", part, alone, recipe.student_alone, setting,
                                [&](const kd::FitOptions& fit) {
                                  return kd::fit(alone, data, kd::CrossEntropy{},
                                                 kd::Adam{{.lr = recipe.student_alone.lr}}, fit);
                                });
  kd::Distiller distiller(teacher, trained.student, recipe.soft_targets());
  results.student_distilled =
      train("student distilled", part + 1, trained.student, recipe.student_distilled, setting,
            [&](const kd::FitOptions& fit) {
              return distiller.fit(data, kd::Adam{{.lr = recipe.student_distilled.lr}}, fit);
            });
  results.seeds = {
      {setting.seed, results.student_alone.test_errors, results.student_distilled.test_errors}};
  return trained;
}

}  // namespace

ReadyTeacher load_teacher(const std::string& file) {
  const example::StoredNetwork stored(file);
  kd::Network<Teacher> network{kd::Rng(0)};
  const example::Sizes sizes{784, 1200, 1200, 10};
  if (stored.sizes() != sizes)
    throw kd::ShapeError(file + ": expected a teacher of " + example::text_of(sizes) + ", got " +
                         example::text_of(stored.sizes()));
  stored.load_into(network);
  return {std::move(network), file};
}

Trained run(const Recipe& recipe, const example::Images& images, const RunOptions& options,
            const std::optional<ReadyTeacher>& ready, example::Outputs& outputs) {
  const Setting setting{recipe, images, options, options.seed};
  const auto [teacher_result, teacher] =
      ready ? take_teacher(*ready, images, outputs) : train_teacher(setting, outputs);
  Trained trained = train_students(setting, teacher, 2);
  trained.results.teacher = teacher_result;
  for (kd::Index i = 1; i < options.seeds; ++i) {
    Setting further = setting;
    further.seed += static_cast<std::uint64_t>(i);
    further.lines = example::Lines::none;
    const SeedResult result = train_students(further, teacher, 2 + 2 * i).results.seeds.front();
    std::cout << "seed " << result.seed << ": alone " << result.alone << " errors, distilled "
              << result.distilled << std::endl;
    trained.results.seeds.push_back(result);
  }
  if (options.bits) {
    const Training& training = recipe.student_distilled;
    trained.results.integers = example::train_integers(
        *options.bits, example::further(training.epochs, training.lr), trained.student, teacher,
        recipe.soft_targets(), images, options_of(training, 2 + 2 * options.seeds, setting));
  }
  return trained;
}

}  // namespace mnist
