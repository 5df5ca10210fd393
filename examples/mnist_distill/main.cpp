// SPDX-License-Identifier: MIT
//
// A teacher, a student alone and the same student distilled, on MNIST.

#include <iostream>
#include <kd/io/save.hpp>

#include "exports.hpp"
#include "interrupt.hpp"
#include "options.hpp"
#include "outputs.hpp"
#include "page.hpp"
#include "program.hpp"
#include "report.hpp"
#include "run.hpp"

namespace {

void run(const mnist::Options& options) {
  const mnist::Recipe recipe = mnist::make_recipe(options.recipe, options.overrides);
  mnist::check(recipe);
  mnist::check(options);
  example::Outputs outputs;
  outputs.add("--json", options.common.json);
  outputs.add("--report", options.report);
  outputs.add("--save", options.save);
  outputs.add("--save-teacher", options.save_teacher);
  outputs.add("--checkpoint", options.checkpoint);
  example::add_exports(outputs, options.exports);
  kd::set_threads(options.common.threads);
  const example::Images images = example::load_images(options.common.images);
  outputs.check_apart_from(images.files, "--data");
  outputs.check_apart_from(options.teacher, "--teacher");

  std::optional<mnist::ReadyTeacher> teacher;
  if (options.teacher) teacher = mnist::load_teacher(*options.teacher);

  const std::uint64_t seed = options.common.seed;
  example::catch_interrupts();
  mnist::print_plan(std::cout, recipe, images, options);
  example::check_standard_output();
  const mnist::Trained trained = mnist::run(
      recipe, images, {seed, options.seeds, options.checkpoint, options.exports.aware_bits()},
      teacher, outputs);
  mnist::print_table(std::cout, trained.results);
  outputs.write({{"--json", mnist::to_json(recipe, images, seed, trained.results)},
                 {"--report", mnist::to_html(recipe, images, trained.results)},
                 {"--save", [&](const std::string& path) { kd::save(trained.student, path); }},
                 {"--export-c", example::exported_c(options.exports, trained.student,
                                                    trained.results.integers, images)},
                 {"--export-onnx", example::exported_onnx(options.exports, trained.student,
                                                          trained.results.integers, images)}});
}

}  // namespace

int main(int argc, char** argv) {
  mnist::Options options;
  example::CommandLine line("mnist_distill", mnist::description);
  mnist::add_flags(line, options);
  return example::run_program(line, argc, argv, [&] { run(options); });
}
