// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "command_line.hpp"
#include "images.hpp"

namespace example {

/// What every program can be told.
struct CommonOptions {
  ImageOptions images;
  std::optional<std::string> json;
  std::uint64_t seed = 0;
  int threads = 1;
};

/// Adds the flags; `of_seed` says in the help what the seed is for.
void add_common_flags(CommandLine& line, CommonOptions& options, const std::string& of_seed);

}  // namespace example
