// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "samples.hpp"

namespace predict {

/// What the command line says.
struct Options {
  std::optional<std::string> network, inputs, labels, output;
  std::string as = "labels";
  std::optional<double> temperature;
  example::FileFormat format;
  int threads = 1;
};

inline constexpr const char* description =
    "Asks a saved network what it says of samples from a file: their classes, the probabilities\n"
    "of all classes, or the logits before any softmax.";

void add_flags(example::CommandLine& line, Options& options);

/// Throws `kd::ConfigError` where a flag is missing or two do not go together.
void check(const Options& options);

/// Whether a path ends with .npy; else it is to end with .csv.
bool is_npy(const std::string& path);

}  // namespace predict
