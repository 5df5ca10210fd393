// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "common_options.hpp"
#include "exports.hpp"
#include "recipe.hpp"

namespace image {

/// What the command line says.
struct Options {
  std::optional<std::string> recipe, report, teacher, save, save_teacher, checkpoint;
  Overrides overrides;
  example::CommonOptions common;
  example::ExportOptions exports;
};

inline constexpr const char* description =
    "Trains a ResNet on images of clothes, a convolutional network of a sixteenth of its size\n"
    "alone, and the same network distilled. Ends with a table of what each gets wrong on the\n"
    "test images, over several seeds.";

void add_flags(example::CommandLine& line, Options& options);

/// Throws `kd::ConfigError` where flags do not go together.
void check(const Options& options);

}  // namespace image
