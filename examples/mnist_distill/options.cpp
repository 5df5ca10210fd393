// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <thread>

namespace mnist {

namespace {

constexpr const char* description =
    "Trains a large teacher on MNIST's handwritten digits, a small student alone, and the\n"
    "same student distilled: it learns from the teacher's softened outputs too. Ends with a\n"
    "table of what each gets wrong on the test images.";

constexpr const char* footer =
    "Recipes:\n"
    "  tuned    figures at which distillation pays; the default\n"
    "  article  the figures of the article this program follows: 6 epochs for teacher and\n"
    "           student alone, 5 for the distilled one, batch 32, lr 1e-4, temperature 7,\n"
    "           hard weight 0.3. Too few steps and too hot for distillation to pay.\n"
    "\n"
    "Examples:\n"
    "  mnist_distill                                 on the images found, see --data\n"
    "  mnist_distill --recipe article --data mnist   the article's experiment\n"
    "  mnist_distill --temperature 8 --json t8.json  another temperature, results kept\n"
    "\n"
    "Exit status: 0 done, 1 data or output could not be read or written, or training broke\n"
    "off, 2 wrong flags.";

int default_threads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 1024);
}

const auto& schedules() {
  static const CLI::IsMember check({"constant", "cosine"});
  return check;
}

void add_run_flags(CLI::App& app, Options& options) {
  app.add_option("--recipe", options.recipe, "Which recipe, see below")
      ->check(CLI::IsMember({"tuned", "article"}))
      ->capture_default_str();
  app.add_option("--data", options.data,
                 "Folder with the four files of MNIST, plain or\n"
                 ".gz. Without it: what the build downloaded, else\n"
                 "the sample that comes with this program")
      ->type_name("DIR");
  app.add_option("--json", options.json, "Writes the results to this file")->type_name("FILE");
  app.add_option("--seed", options.seed, "Of first weights, shuffles and dropout")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Results do not depend on it")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--train-limit", options.train_limit, "Trains on the first N images only")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  app.add_option("--test-limit", options.test_limit, "Tests on the first N images only")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
}

void add_teacher_flags(CLI::App& app, Overrides& figures) {
  const auto add = [&](const char* flag, auto& figure, const char* what) {
    return app.add_option(flag, figure, what)->group("Teacher, in place of the recipe's figures");
  };
  add("--teacher-epochs", figures.teacher_epochs, "Times through the training images");
  add("--teacher-batch", figures.teacher_batch, "Images a step");
  add("--teacher-lr", figures.teacher_lr, "Adam's learning rate");
  add("--teacher-schedule", figures.teacher_schedule, "Of the learning rate")->check(schedules());
  add("--dropout", figures.dropout, "Share of the hidden units dropped");
}

void add_student_flags(CLI::App& app, Overrides& figures) {
  const auto add = [&](const char* flag, auto& figure, const char* what) {
    return app.add_option(flag, figure, what)->group("Students, in place of the recipe's figures");
  };
  add("--epochs", figures.epochs, "Times through the training images, both students");
  add("--distilled-epochs", figures.distilled_epochs, "The distilled one, where it differs");
  add("--batch", figures.batch, "Images a step");
  add("--lr", figures.lr, "Adam's learning rate");
  add("--schedule", figures.schedule, "Of the learning rate")->check(schedules());
  add("--temperature", figures.temperature, "Softens the outputs of teacher and student");
  add("--hard-weight", figures.hard_weight, "Of the cross-entropy with the labels");
  add("--soft-weight", figures.soft_weight,
      "Of the divergence from the teacher; without it\n"
      "1 - hard weight, where that is given");
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_code) {
  Options options;
  options.threads = default_threads();
  CLI::App app(description, "mnist_distill");
  app.footer(footer);
  app.get_formatter()->column_width(30);
  add_run_flags(app, options);
  add_teacher_flags(app, options.overrides);
  add_student_flags(app, options.overrides);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = 0;
    if (error.get_exit_code() == 0) {
      app.exit(error);  // prints the help
    } else {
      std::cerr << "mnist_distill: " << error.what() << " (--help tells more)\n";
      exit_code = 2;
    }
    return std::nullopt;
  }
  return options;
}

}  // namespace mnist
