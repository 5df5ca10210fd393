// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <thread>

namespace compare {

namespace {

constexpr const char* description =
    "Trains two small students on MNIST's handwritten digits with every distillation\n"
    "method of the library, each with its default weights and with several seeds, and\n"
    "shows what each gets wrong on the test images.";

std::string footer() {
  std::string text = "Methods:";
  for (const std::string& name : method_names()) text += "\n  " + name;
  text += "\nStudents:";
  for (const std::string& name : student_names()) text += "\n  " + name;
  return text +
         "\n\n"
         "Examples:\n"
         "  compare_methods                                  everything: takes its time\n"
         "  compare_methods --methods alone,SoftTargets,Hint --students 784-20-20-10\n"
         "  compare_methods --data mnist --json full.json --svg full.svg\n"
         "\n"
         "Exit status: 0 done, 1 data or output could not be read or written, or training broke\n"
         "off, 2 wrong flags.";
}

void add_flags(CLI::App& app, Options& options) {
  const auto add = [&](const char* flag, auto& value, const char* what, const char* type) {
    return app.add_option(flag, value, what)->type_name(type);
  };
  add("--methods", options.figures.methods, "Only these, separated by commas", "A,B,...")
      ->delimiter(',');
  add("--students", options.figures.students, "Only these, separated by commas", "A,B")
      ->delimiter(',');
  add("--data", options.data,
      "Folder with the four files of MNIST, plain or\n"
      ".gz. Without it: what the build downloaded, else\n"
      "the sample that comes with this program",
      "DIR");
  add("--json", options.json, "Writes the results to this file", "FILE");
  add("--svg", options.svg, "Draws the results to this file", "FILE");
  add("--epochs", options.figures.epochs, "Times through the training images", "N")
      ->capture_default_str();
  add("--batch", options.figures.batch, "Images a step", "N")->capture_default_str();
  add("--lr", options.figures.lr, "Adam's learning rate at the start", "X")->capture_default_str();
  add("--teacher-epochs", options.figures.teacher_epochs, "The teacher's", "N")
      ->capture_default_str();
  add("--teacher-lr", options.figures.teacher_lr, "The teacher's", "X")->capture_default_str();
  add("--seeds", options.figures.seeds, "How many", "N")->capture_default_str();
  add("--seed", options.figures.first_seed, "The first, and the teacher's", "N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add("--threads", options.threads, "Results do not depend on it", "N")->capture_default_str();
  add("--train-limit", options.train_limit, "Trains on the first N images only", "N")
      ->check(CLI::PositiveNumber);
  add("--test-limit", options.test_limit, "Tests on the first N images only", "N")
      ->check(CLI::PositiveNumber);
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_code) {
  Options options;
  options.threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 1024);
  CLI::App app(description, "compare_methods");
  app.footer(footer());
  app.get_formatter()->column_width(30);
  add_flags(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = 0;
    if (error.get_exit_code() == 0) {
      app.exit(error);  // prints the help
    } else {
      std::cerr << "compare_methods: " << error.what() << " (--help tells more)\n";
      exit_code = 2;
    }
    return std::nullopt;
  }
  return options;
}

}  // namespace compare
