// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
#include <optional>
#include <set>
#include <string>

namespace example {

struct Images {
  std::string source;  ///< in words: which copy of a data set, and where it lies
  kd::Dataset train;
  kd::Dataset test;
  std::set<std::string> files;  ///< that were read
};

/// Which images a program takes. Where it is told no folder: `installed`, if that has some; the
/// copy of MNIST that the build downloaded, or else the sample of the repository.
struct ImageOptions {
  std::optional<std::string> folder;
  std::optional<std::string> installed = {};
  std::optional<kd::Index> train_limit, test_limit;  ///< keep the first images of each part
};

/// Where Debian's package dataset-fashion-mnist has its files.
inline constexpr const char* fashion_mnist = "/usr/share/datasets/fashion-mnist";

Images load_images(const ImageOptions& options);

}  // namespace example
