// SPDX-License-Identifier: MIT
//
// Every distillation method, with its defaults, on networks of vectors or of images.

#include <iostream>

#include "bar_chart.hpp"
#include "interrupt.hpp"
#include "options.hpp"
#include "outputs.hpp"
#include "page.hpp"
#include "program.hpp"
#include "report.hpp"

namespace {

void run(const compare::Options& options) {
  const compare::Figures figures = compare::figures_of(options);
  compare::check(figures);
  example::Outputs outputs;
  outputs.add("--json", options.common.json);
  outputs.add("--report", options.report);
  outputs.add("--svg", options.svg);
  outputs.add("--checkpoint", options.checkpoint);
  kd::set_threads(options.common.threads);
  const example::Images images = example::load_images(compare::images_of(options));
  outputs.check_apart_from(images.files, "--data");

  std::ostream& out = std::cout;
  example::catch_interrupts();
  compare::print_plan(out, figures, images);
  example::check_standard_output();
  const compare::Listener listener{
      .teacher_epoch =
          [&](const kd::EpochReport& epoch) {
            out << "teacher, epoch " << epoch.epoch << " of " << epoch.epochs << ": loss "
                << epoch.loss << std::endl;
          },
      .teacher = [&](kd::Index errors) { out << "teacher: " << errors << " errors" << std::endl; },
      .student = [&](const compare::StudentResult& student) { compare::print_head(out, student); },
      .method = [&](const compare::MethodResult& method) { compare::print_row(out, method); }};
  const compare::Results results = compare::compare(figures, images, options.checkpoint, listener);
  outputs.write({{"--json", compare::to_json(images, results)},
                 {"--report", compare::to_html(figures, images, results)},
                 {"--svg", compare::bar_charts(results)}});
}

}  // namespace

int main(int argc, char** argv) {
  compare::Options options;
  example::CommandLine line("compare_methods", compare::description);
  compare::add_flags(line, options);
  return example::run_program(line, argc, argv, [&] { run(options); });
}
