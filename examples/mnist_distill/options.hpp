// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "common_options.hpp"
#include "exports.hpp"
#include "recipe.hpp"

namespace mnist {

/// What the command line says.
struct Options {
  std::string recipe = "tuned";
  Overrides overrides;
  std::optional<std::string> teacher, save, save_teacher, checkpoint, report;
  kd::Index seeds = 5;
  example::ExportOptions exports;
  example::CommonOptions common;
};

inline constexpr const char* description =
    "Trains a large teacher on MNIST's handwritten digits, a small student alone, and the\n"
    "same student distilled: it learns from the teacher's softened outputs too. Ends with a\n"
    "table of what each gets wrong on the test images, and how far that is from seed to seed.";

void add_flags(example::CommandLine& line, Options& options);

/// Throws `kd::ConfigError` where a flag says how to train a teacher that is trained already.
void check(const Options& options);

}  // namespace mnist
