// SPDX-License-Identifier: MIT
#include "run.hpp"

#include "networks.hpp"
#include "progress.hpp"

namespace mnist {

namespace {

using example::Student;
using example::Teacher;

// Streams of the seed's random numbers.
constexpr std::uint64_t for_teacher = 1;
constexpr std::uint64_t for_students = 2;

EpochResult summary(const kd::EpochReport& report, double test_accuracy) {
  EpochResult result{.train_loss = report.loss, .test_accuracy = test_accuracy};
  for (const kd::LossTerm& term : report.terms) {
    if (term.name == "hard") result.hard_loss = term.value;
    if (term.name == "soft") result.soft_loss = term.value;
  }
  return result;
}

/// Lets `fit(options)` train `network`, which is tested after every epoch.
template <class Network, class Fit>
NetworkResult train(const char* name, const Network& network, const Training& training,
                    const example::Images& images, std::uint64_t seed, const Fit& fit) {
  Progress progress(name, images.train.size());
  NetworkResult result{.parameters = network.num_params()};
  kd::FitOptions options{.epochs = training.epochs, .batch_size = training.batch, .seed = seed};
  if (training.cosine) options.schedule = kd::CosineSchedule{};
  options.on_step = [&](const kd::StepReport& report) { progress.step(report); };
  options.on_epoch = [&](const kd::EpochReport& report) {
    const kd::Evaluation test = kd::evaluate(network, images.test);
    result.test_errors = test.errors;
    result.test_accuracy = test.accuracy;
    result.seconds_per_epoch += report.seconds / static_cast<double>(training.epochs);
    result.history.push_back(summary(report, test.accuracy));
    progress.epoch(report, test.accuracy);
  };
  fit(options);
  return result;
}

/// Trains the teacher and keeps only what it says of the training images: its weights, gradients
/// and moments are gone before the students train. The images never change, so the table teaches
/// exactly what the live teacher would.
std::pair<NetworkResult, kd::CachedTeacher<>> train_teacher(const Recipe& recipe,
                                                            const example::Images& images,
                                                            std::uint64_t seed) {
  const kd::Dropout dropout(recipe.dropout);
  kd::Network<Teacher> teacher(Teacher({}, dropout, {}, {}, dropout, {}, {}),
                               kd::Rng(seed).stream(for_teacher));
  const kd::Adam adam({.lr = recipe.teacher.lr});
  NetworkResult result =
      train("teacher", teacher, recipe.teacher, images, seed, [&](const kd::FitOptions& options) {
        kd::fit(teacher, images.train, kd::CrossEntropy{}, adam, options);
      });
  return {std::move(result), kd::CachedTeacher<>(teacher, images.train)};
}

}  // namespace

Results run(const Recipe& recipe, const example::Images& images, std::uint64_t seed) {
  const auto [teacher_result, teacher] = train_teacher(recipe, images, seed);
  Results results{.teacher = teacher_result};

  kd::Network<Student> alone(kd::Rng(seed).stream(for_students));
  kd::Network<Student> distilled = alone;

  const kd::Adam alone_adam({.lr = recipe.student_alone.lr});
  results.student_alone =
      train("student alone", alone, recipe.student_alone, images, seed,
            [&](const kd::FitOptions& options) {
              kd::fit(alone, images.train, kd::CrossEntropy{}, alone_adam, options);
            });

  const kd::Adam distilled_adam({.lr = recipe.student_distilled.lr});
  kd::Distiller distiller(teacher, distilled, recipe.soft_targets());
  results.student_distilled = train(
      "student distilled", distilled, recipe.student_distilled, images, seed,
      [&](const kd::FitOptions& options) { distiller.fit(images.train, distilled_adam, options); });
  return results;
}

}  // namespace mnist
