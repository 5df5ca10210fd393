// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common_options.hpp"
#include "recipe.hpp"

namespace hinton {

/// What the command line says.
struct Options {
  example::CommonOptions common;
  bool quick = false;
  bool validate = false;
  std::vector<std::string> rows;
  std::optional<std::string> checkpoints, report;
  Overrides overrides;
};

inline constexpr const char* description =
    "The experiment of \"Distilling the Knowledge in a Neural Network\" (2015), section 3, on "
    "MNIST:\n"
    "a large teacher, a student alone, distilled, and distilled from a transfer set that lacks\n"
    "digits. Ends with a table beside the published one.";

void add_flags(example::CommandLine& line, Options& options);

}  // namespace hinton
