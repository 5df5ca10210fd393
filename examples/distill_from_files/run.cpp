// SPDX-License-Identifier: MIT
#include "run.hpp"

#include <iostream>
#include <kd/train/metrics_file.hpp>

#include "checkpoint.hpp"
#include "interrupt.hpp"
#include "mlp.hpp"
#include "page.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace from_files {

namespace {

using example::fixed;
using example::grouped;

constexpr double usual_temperature = 4;
constexpr double usual_hard_weight = 0.1;
constexpr std::uint64_t for_student = 2;  // the stream of the seed's random numbers

std::string percent(double share) { return fixed(100 * share, 2) + " %"; }

kd::SoftTargets soft_targets(const Options& options, const Lesson& lesson) {
  const double hard =
      lesson.train.has_labels() ? options.hard_weight.value_or(usual_hard_weight) : 0;
  return kd::SoftTargets({.temperature = options.temperature.value_or(usual_temperature),
                          .hard_weight = hard,
                          .soft_weight = 1 - hard});
}

kd::FitOptions fit_options(const Options& options, const Lesson& lesson,
                           example::Progress& progress) {
  kd::FitOptions fit{.epochs = options.epochs, .batch_size = options.batch, .seed = options.seed};
  if (options.schedule == "cosine") fit.schedule = kd::CosineSchedule{};
  fit.validation = lesson.validation;
  fit.patience = options.patience.value_or(0);
  fit.checkpoint = example::checkpoint_of(options.checkpoint);
  fit.keep_best = lesson.validation && options.keep == "best";
  fit.on_step = [&](const kd::StepReport& report) {
    progress.step(report);
    return example::interrupt() == 0;
  };
  std::optional<kd::MetricsFile> metrics;
  if (options.metrics) metrics.emplace(*options.metrics);
  fit.on_epoch = [&progress, metrics](const kd::EpochReport& report) {
    if (metrics) (*metrics)(report);
    std::string figures;
    if (report.validation)
      figures = ",  validation loss " + fixed(report.validation->loss, 4) + ", accuracy " +
                percent(report.validation->accuracy);
    progress.epoch(report, figures);
  };
  return fit;
}

/// The same lesson of standardised features.
Lesson standardized(const kd::Standardization& standard, Lesson lesson) {
  lesson.train = standard.apply(lesson.train);
  if (lesson.validation) lesson.validation = standard.apply(*lesson.validation);
  return lesson;
}

template <class Student>
kd::FitReport train(Student& student, const Options& options, const Lesson& lesson) {
  example::Progress progress("", lesson.train.size(), "samples");
  const kd::FitOptions fit = fit_options(options, lesson, progress);
  const kd::Adam adam({.lr = options.lr});
  if (!lesson.logits) return kd::fit(student, lesson.train, kd::CrossEntropy{}, adam, fit);
  // Probabilities that are meant were refused already.
  const kd::CachedTeacher<> teacher(*lesson.logits, {.accept_probabilities = true});
  return kd::Distiller(teacher, student, soft_targets(options, lesson))
      .fit(lesson.train, adam, fit);
}

void print_end(const Options& options, const kd::FitReport& report) {
  std::cout << '\n';
  if (report.stopped == kd::Stopped::patience)
    std::cout << "Ended after epoch " << report.epochs.size() << ": no better for "
              << *options.patience << (*options.patience == 1 ? " epoch.\n" : " epochs.\n");
  if (report.best_index) {
    const kd::EpochReport& best = report.best();
    std::cout << "Best was epoch " << best.epoch << ": validation loss "
              << fixed(best.validation->loss, 4) << ", accuracy "
              << percent(best.validation->accuracy) << ".\n";
  }
}

}  // namespace

void print_plan(const Options& options, const Lesson& lesson) {
  std::ostream& out = std::cout;
  const bool labelled = lesson.train.has_labels();
  out << "Samples: " << grouped(lesson.train.size()) << " of " << grouped(lesson.train.features())
      << " features from " << *options.train << (labelled ? "" : ", without labels");
  if (lesson.validation)
    out << ", and " << grouped(lesson.validation->size()) << " for validation"
        << (options.validation ? " from " + *options.validation : "");
  out << '\n';
  if (lesson.logits)
    out << "Teacher: " << options.teacher.value_or(options.teacher_logits.value_or(""));
  if (lesson.teacher_accuracy)
    out << ", right in " << percent(*lesson.teacher_accuracy) << " of them";
  out << (lesson.logits ? "\n" : "Teacher: none, the student learns from the labels alone\n");
  out << "Student: " << example::text_of(*options.student) << ", " << options.epochs
      << " epochs, batch " << options.batch << ", lr " << options.lr
      << (options.schedule == "cosine" ? " falling as a cosine" : "") << ", seed " << options.seed;
  if (lesson.logits) {
    const double hard = labelled ? options.hard_weight.value_or(usual_hard_weight) : 0;
    out << ",\n  temperature " << options.temperature.value_or(usual_temperature)
        << ", hard weight " << hard << ", soft weight " << 1 - hard;
    if (!labelled) out << ": the teacher's word is enough";
  }
  if (lesson.teacher_validates)
    out << "\n  Validation is of what the teacher says, for there are no labels.";
  out << '\n' << example::going_on_from(example::checkpoint_of(options.checkpoint)) << std::endl;
}

void run(const Options& options, const Lesson& lesson, example::Outputs& outputs) {
  const auto teach = [&](auto& student) {
    std::optional<kd::Standardization> standard;
    if (options.standardize == "yes") standard.emplace(lesson.train);
    const kd::FitReport report =
        train(student, options, standard ? standardized(*standard, lesson) : lesson);
    if (static_cast<kd::Index>(report.epochs.size()) < options.epochs &&
        report.stopped == kd::Stopped::callback)
      example::stop_if_interrupted(example::kept_in(options.checkpoint.value_or("")));
    if (standard) kd::fold_standardization(*standard, student);
    print_end(options, report);
    const auto save = [&](const std::string& path) {
      example::save_network(student, lesson.names, path);
    };
    std::string page;
    if (options.report) {
      std::optional<kd::Evaluation> validation;
      if (lesson.validation) validation = kd::evaluate(student, *lesson.validation);
      page = to_html(options, lesson, report, validation);
    }
    outputs.write({{"--save", save}, {"--report", page}});
    std::cout << "Saved " << grouped(student.num_params()) << " parameters to " << *options.save
              << '\n';
  };
  example::with_network(*options.student, kd::Rng(options.seed).stream(for_student), teach);
}

}  // namespace from_files
