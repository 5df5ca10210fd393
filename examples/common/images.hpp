// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
#include <optional>
#include <set>
#include <string>

namespace example {

struct Images {
  std::string source;  ///< in words: which copy of MNIST, and where it lies
  kd::Dataset train;
  kd::Dataset test;
  std::set<std::string> files;  ///< that were read
};

/// Which images a program takes: the copy that the build downloaded, or else the sample of the
/// repository, where it is told no folder.
struct ImageOptions {
  std::optional<std::string> folder;
  std::optional<kd::Index> train_limit, test_limit;  ///< keep the first images of each part
};

Images load_images(const ImageOptions& options);

}  // namespace example
