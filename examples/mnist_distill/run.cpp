// SPDX-License-Identifier: MIT
#include "run.hpp"

#include <kd/io/save.hpp>

#include "interrupt.hpp"
#include "progress.hpp"
#include "stored_network.hpp"
#include "text.hpp"

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
          .test_accuracy = evaluation.accuracy};
}

/// Lets `fit(options)` train `network`, which is tested after every epoch.
template <class Network, class Fit>
NetworkResult train(const char* name, const Network& network, const Training& training,
                    const example::Images& images, std::uint64_t seed, const Fit& fit) {
  example::Progress progress(name, images.train.size(), "images");
  kd::FitOptions options{.epochs = training.epochs, .batch_size = training.batch, .seed = seed};
  if (training.cosine) options.schedule = kd::CosineSchedule{};
  options.validation = images.test;
  options.on_step = [&](const kd::StepReport& report) {
    progress.step(report);
    return example::interrupt() == 0;
  };
  options.on_epoch = [&](const kd::EpochReport& report) {
    progress.epoch(
        report, ",  test accuracy " + example::fixed(100 * report.validation->accuracy, 2) + " %");
  };
  const kd::FitReport report = fit(options);
  if (static_cast<kd::Index>(report.epochs.size()) < training.epochs)
    example::stop_if_interrupted(example::kept_in(""));
  NetworkResult result = test(network, images);
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

/// Trains the teacher and keeps only what it says of the training images: its weights, gradients
/// and moments are gone before the students train. The images never change, so the table teaches
/// exactly what the live teacher would.
TeacherAndTable train_teacher(const Recipe& recipe, const example::Images& images,
                              std::uint64_t seed, example::Outputs& outputs) {
  const kd::Dropout dropout(recipe.dropout);
  kd::Network<Teacher> teacher(Teacher({}, dropout, {}, {}, dropout, {}, {}),
                               kd::Rng(seed).stream(for_teacher));
  const kd::Adam adam({.lr = recipe.teacher.lr});
  NetworkResult result =
      train("teacher", teacher, recipe.teacher, images, seed, [&](const kd::FitOptions& options) {
        return kd::fit(teacher, images.train, kd::CrossEntropy{}, adam, options);
      });
  outputs.write({{"--save-teacher", [&](const std::string& path) { kd::save(teacher, path); }}});
  return {std::move(result), kd::CachedTeacher<>(teacher, images.train)};
}

TeacherAndTable take_teacher(const ReadyTeacher& ready, const example::Images& images,
                             example::Outputs& outputs) {
  NetworkResult result = test(ready.network, images);
  result.file = ready.file;
  outputs.write(
      {{"--save-teacher", [&](const std::string& path) { kd::save(ready.network, path); }}});
  return {std::move(result), kd::CachedTeacher<>(ready.network, images.train)};
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

Trained run(const Recipe& recipe, const example::Images& images, std::uint64_t seed,
            const std::optional<ReadyTeacher>& ready, example::Outputs& outputs) {
  const auto [teacher_result, teacher] =
      ready ? take_teacher(*ready, images, outputs) : train_teacher(recipe, images, seed, outputs);
  kd::Network<Student> alone(kd::Rng(seed).stream(for_students));
  Trained trained{.results = {.teacher = teacher_result}, .student = alone};

  const kd::Adam alone_adam({.lr = recipe.student_alone.lr});
  trained.results.student_alone =
      train("student alone", alone, recipe.student_alone, images, seed,
            [&](const kd::FitOptions& options) {
              return kd::fit(alone, images.train, kd::CrossEntropy{}, alone_adam, options);
            });

  const kd::Adam distilled_adam({.lr = recipe.student_distilled.lr});
  kd::Distiller distiller(teacher, trained.student, recipe.soft_targets());
  trained.results.student_distilled =
      train("student distilled", trained.student, recipe.student_distilled, images, seed,
            [&](const kd::FitOptions& options) {
              return distiller.fit(images.train, distilled_adam, options);
            });
  return trained;
}

}  // namespace mnist
