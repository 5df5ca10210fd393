// SPDX-License-Identifier: MIT
//
// Section 3 of "Distilling the Knowledge in a Neural Network", row by row.

#include <filesystem>
#include <iostream>

#include "interrupt.hpp"
#include "options.hpp"
#include "outputs.hpp"
#include "program.hpp"
#include "report.hpp"
#include "rows.hpp"
#include "run.hpp"
#include "table.hpp"

namespace {

constexpr double held_out_share = 1. / 6;
constexpr std::uint64_t held_out_seed = 2015;  // the same images whatever is tried

/// The training images without a sixth, which takes the place of the test images.
void hold_out(example::Images& images) {
  auto [train, held_out] = kd::split(images.train, held_out_share, held_out_seed);
  images.train = train;
  images.test = held_out;
}

void make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw kd::IoError(folder, "cannot be made a folder: " + error.message());
}

void run(const hinton::Options& options) {
  const hinton::Recipe recipe = hinton::make_recipe(options.quick, options.overrides);
  const hinton::Rows rows = hinton::rows_of(options.rows);
  hinton::check(recipe);
  if (static_cast<std::uint64_t>(recipe.seeds) - 1 > example::most_seeds - options.common.seed)
    throw kd::ConfigError("--seed: expected that --seeds " + std::to_string(recipe.seeds) +
                          " of them fit 64 bits, got " + std::to_string(options.common.seed));
  example::Outputs outputs;
  outputs.add("--json", options.common.json);
  outputs.add("--report", options.report);
  if (options.checkpoints) make_folder(*options.checkpoints);
  kd::set_threads(options.common.threads);
  example::Images images = example::load_images(options.common.images);
  outputs.check_apart_from(images.files, "--data");
  if (options.validate) hold_out(images);

  example::catch_interrupts();
  hinton::print_plan(std::cout, recipe, images, options);
  example::check_standard_output();
  std::vector<hinton::SeedResults> seeds;
  for (kd::Index i = 0; i < recipe.seeds; ++i) {
    const std::uint64_t seed = options.common.seed + static_cast<std::uint64_t>(i);
    if (recipe.seeds > 1) std::cout << "Seed " << seed << std::endl;
    seeds.push_back(
        hinton::run_seed(hinton::Trainer(recipe, images, seed, options.checkpoints), rows));
  }
  hinton::print_table(std::cout, seeds);
  outputs.write({{"--json", hinton::to_json(recipe, images, options, seeds)},
                 {"--report", hinton::to_html(recipe, images, seeds)}});
}

}  // namespace

int main(int argc, char** argv) {
  hinton::Options options;
  example::CommandLine line("hinton_mnist", hinton::description);
  hinton::add_flags(line, options);
  return example::run_program(line, argc, argv, [&] { run(options); });
}
