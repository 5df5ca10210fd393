// SPDX-License-Identifier: MIT
//
// A ResNet, a small convolutional network alone and the same distilled, on images of clothes.

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

void run(const image::Options& options) {
  image::check(options);
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
  const image::Recipe recipe =
      image::make_recipe(options.recipe, images.train.size(), options.overrides);
  image::check(recipe);

  std::optional<image::ReadyTeacher> teacher;
  if (options.teacher) teacher = image::load_teacher(*options.teacher);

  const std::uint64_t seed = options.common.seed;
  example::catch_interrupts();
  image::print_plan(std::cout, recipe, images, options);
  example::check_standard_output();
  const image::Trained trained = image::run(
      recipe, images, {seed, options.checkpoint, options.exports.aware_bits()}, teacher, outputs);
  image::print_table(std::cout, trained.results, images.test.size());
  outputs.write({{"--json", image::to_json(recipe, images, seed, trained.results)},
                 {"--report", image::to_html(recipe, images, seed, trained.results)},
                 {"--save", [&](const std::string& path) { kd::save(trained.student, path); }},
                 {"--export-c", example::exported_c(options.exports, trained.student,
                                                    trained.results.integers, images)},
                 {"--export-onnx", example::exported_onnx(options.exports, trained.student,
                                                          trained.results.integers, images)}});
}

}  // namespace

int main(int argc, char** argv) {
  image::Options options;
  options.common.images.installed = example::fashion_mnist;
  example::CommandLine line("image_distill", image::description);
  image::add_flags(line, options);
  return example::run_program(line, argc, argv, [&] { run(options); });
}
