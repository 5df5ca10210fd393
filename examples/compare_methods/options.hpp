// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "common_options.hpp"
#include "comparison.hpp"

namespace compare {

/// What the command line says.
struct Options {
  Figures figures;
  std::optional<std::string> svg;
  example::CommonOptions common;
};

inline constexpr const char* description =
    "Trains two small students on MNIST's handwritten digits with every distillation\n"
    "method of the library, each with its default weights and with several seeds, and\n"
    "shows what each gets wrong on the test images.";

void add_flags(example::CommandLine& line, Options& options);

}  // namespace compare
