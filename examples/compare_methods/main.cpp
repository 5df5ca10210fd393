// SPDX-License-Identifier: MIT
//
// Every distillation method, with its defaults, on MNIST.

#include <exception>
#include <iostream>
#include <optional>

#include "bar_chart.hpp"
#include "options.hpp"
#include "output_file.hpp"
#include "report.hpp"

namespace {

void run(const compare::Options& options) {
  kd::set_threads(options.threads);
  compare::check(options.figures);
  std::optional<mnist::OutputFile> json;
  std::optional<mnist::OutputFile> svg;
  if (!options.json.empty()) json.emplace(options.json);
  if (!options.svg.empty()) svg.emplace(options.svg);
  const mnist::Images images =
      mnist::load_images(options.data, options.train_limit, options.test_limit);

  std::ostream& out = std::cout;
  compare::print_plan(out, options.figures, images);
  const compare::Listener listener{
      .teacher_epoch =
          [&](const kd::EpochReport& epoch) {
            out << "teacher, epoch " << epoch.epoch << " of " << epoch.epochs << ": loss "
                << epoch.loss << std::endl;
          },
      .teacher = [&](kd::Index errors) { out << "teacher: " << errors << " errors" << std::endl; },
      .student = [&](const compare::StudentResult& student) { compare::print_head(out, student); },
      .method = [&](const compare::MethodResult& method) { compare::print_row(out, method); }};
  const compare::Results results = compare::compare(options.figures, images, listener);
  if (json) json->write(compare::to_json(images, results));
  if (svg) svg->write(compare::bar_chart(results));
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = 0;
  const std::optional<compare::Options> options = compare::parse_options(argc, argv, exit_code);
  if (!options) return exit_code;
#if defined(__GNUC__) && !defined(__OPTIMIZE__)
  std::cout << "Note: this was compiled without optimisation and is very slow.\n";
#endif
  try {
    run(*options);
  } catch (const kd::ConfigError& error) {
    std::cerr << "compare_methods: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "compare_methods: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
