// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "recipe.hpp"

namespace mnist {

/// What the command line says.
struct Options {
  std::string recipe = "tuned";
  Overrides overrides;
  std::string data;  ///< a folder; empty: look for the images
  std::string json;  ///< a file; empty: none
  kd::Index train_limit = 0;
  kd::Index test_limit = 0;
  std::uint64_t seed = 0;
  int threads = 1;
};

/// Reads the command line. Without a value, the program is done: help was printed, or what is wrong
/// with the flags, and `exit_code` says which.
std::optional<Options> parse_options(int argc, char** argv, int& exit_code);

}  // namespace mnist
