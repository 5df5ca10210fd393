// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "common_options.hpp"
#include "comparison.hpp"

namespace compare {

/// What the command line says.
struct Options {
  std::string networks = "vectors";
  std::vector<std::string> methods, students;
  Overrides overrides;
  int seeds = 3;
  std::optional<std::string> report, svg, checkpoint;
  example::CommonOptions common;
};

inline constexpr const char* description =
    "Trains small students with every distillation method of the library, each with its default\n"
    "weights and with several seeds, and shows what each gets wrong on the test images: two\n"
    "networks of vectors, or a convolutional one.";

void add_flags(example::CommandLine& line, Options& options);

/// What is compared, and on which images where nothing is said of them.
Figures figures_of(const Options& options);
example::ImageOptions images_of(const Options& options);

}  // namespace compare
