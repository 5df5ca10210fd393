// SPDX-License-Identifier: MIT
//
// A student of any sizes, taught on samples from files.

#include "interrupt.hpp"
#include "options.hpp"
#include "program.hpp"
#include "run.hpp"

namespace {

void run(const from_files::Options& options) {
  from_files::check(options);
  example::Outputs outputs;
  outputs.add("--save", options.save);
  outputs.add("--metrics", options.metrics);
  outputs.add("--report", options.report);
  outputs.add("--checkpoint", options.checkpoint);
  outputs.check_apart_from(options.train, "--train");
  outputs.check_apart_from(options.labels, "--labels");
  outputs.check_apart_from(options.teacher, "--teacher");
  outputs.check_apart_from(options.teacher_logits, "--teacher-logits");
  outputs.check_apart_from(options.validation, "--validation");
  outputs.check_apart_from(options.validation_labels, "--validation-labels");
  kd::set_threads(options.threads);
  const from_files::Lesson lesson = from_files::load_lesson(options);
  example::catch_interrupts();
  from_files::print_plan(options, lesson);
  example::check_standard_output();
  from_files::run(options, lesson, outputs);
}

}  // namespace

int main(int argc, char** argv) {
  from_files::Options options;
  example::CommandLine line("distill_from_files", from_files::description);
  from_files::add_flags(line, options);
  return example::run_program(line, argc, argv, [&] { run(options); });
}
