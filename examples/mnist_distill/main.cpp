// SPDX-License-Identifier: MIT
//
// A teacher, a student alone and the same student distilled, on MNIST.

#include <exception>
#include <iostream>
#include <optional>

#include "options.hpp"
#include "output_file.hpp"
#include "report.hpp"
#include "run.hpp"

namespace {

void run(const mnist::Options& options) {
  kd::set_threads(options.threads);
  std::optional<mnist::OutputFile> json;
  if (!options.json.empty()) json.emplace(options.json);
  const mnist::Recipe recipe = mnist::make_recipe(options.recipe, options.overrides);
  mnist::check(recipe);
  const mnist::Images images =
      mnist::load_images(options.data, options.train_limit, options.test_limit);

  mnist::print_plan(std::cout, recipe, images, options.seed);
  const mnist::Results results = mnist::run(recipe, images, options.seed);
  mnist::print_table(std::cout, results);
  if (json) json->write(mnist::to_json(recipe, images, options.seed, results));
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = 0;
  const std::optional<mnist::Options> options = mnist::parse_options(argc, argv, exit_code);
  if (!options) return exit_code;
#if defined(__GNUC__) && !defined(__OPTIMIZE__)
  std::cout << "Note: this was compiled without optimisation and is very slow.\n";
#endif
  try {
    run(*options);
  } catch (const kd::ConfigError& error) {
    std::cerr << "mnist_distill: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "mnist_distill: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
