// SPDX-License-Identifier: MIT
#include "images.hpp"

#include <algorithm>
#include <filesystem>
#include <kd/data/gzip.hpp>

namespace mnist {

namespace {

bool is_mnist(const std::string& folder) {
  const std::string images = folder + "/train-images-idx3-ubyte";
  return std::filesystem::exists(images) || std::filesystem::exists(images + ".gz");
}

kd::Dataset load(const std::string& folder, kd::Split split, kd::Index limit) {
  const kd::Dataset all = kd::load_mnist(folder, split, kd::GzipFiles{});
  return limit > 0 ? all.slice(0, std::min(limit, all.size())) : all;
}

}  // namespace

Images load_images(const std::string& folder, kd::Index train_limit, kd::Index test_limit) {
  std::string source = folder;
  std::string from = folder;
  if (folder.empty()) {
    // Both folders are definitions of the build.
    from = is_mnist(KD_MNIST_DIR) ? KD_MNIST_DIR : KD_SAMPLE_DIR;
    source = (is_mnist(KD_MNIST_DIR) ? "the copy downloaded to " : "the sample in ") + from;
  } else if (!std::filesystem::is_directory(folder)) {
    throw kd::IoError(folder, "expected a folder with the four files of MNIST, there is none");
  }
  return {source, load(from, kd::Split::train, train_limit),
          load(from, kd::Split::test, test_limit)};
}

}  // namespace mnist
