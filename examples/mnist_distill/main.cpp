// SPDX-License-Identifier: MIT
//
// A teacher, a student alone and the same student distilled, on MNIST.

#include <iostream>

#include "options.hpp"
#include "outputs.hpp"
#include "program.hpp"
#include "report.hpp"
#include "run.hpp"

namespace {

void run(const mnist::Options& options) {
  const mnist::Recipe recipe = mnist::make_recipe(options.recipe, options.overrides);
  mnist::check(recipe);
  example::Outputs outputs;
  outputs.add("--json", options.common.json);
  kd::set_threads(options.common.threads);
  const example::Images images = example::load_images(options.common.images);
  outputs.check_apart_from(images.files, "--data");

  const std::uint64_t seed = options.common.seed;
  mnist::print_plan(std::cout, recipe, images, seed);
  example::check_standard_output();
  const mnist::Results results = mnist::run(recipe, images, seed);
  mnist::print_table(std::cout, results);
  outputs.write({{"--json", mnist::to_json(recipe, images, seed, results)}});
}

}  // namespace

int main(int argc, char** argv) {
  mnist::Options options;
  example::CommandLine line("mnist_distill", mnist::description);
  mnist::add_flags(line, options);
  return example::run_program(line, argc, argv, [&] { run(options); });
}
