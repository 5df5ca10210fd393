// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
#include <string>

namespace mnist {

struct Images {
  std::string source;  ///< in words: which copy of MNIST, and where it lies
  kd::Dataset train;
  kd::Dataset test;
};

/// Reads MNIST: from `folder` where it is not empty, else the copy that the build downloaded, else
/// the sample of the repository. Limits above 0 keep the first images of each part.
Images load_images(const std::string& folder, kd::Index train_limit, kd::Index test_limit);

}  // namespace mnist
