// SPDX-License-Identifier: MIT
#include "images.hpp"

#include <algorithm>
#include <filesystem>
#include <kd/data/gzip.hpp>

namespace example {

namespace {

bool is_mnist(const std::string& folder) {
  const std::string images = folder + "/train-images-idx3-ubyte";
  return std::filesystem::exists(images) || std::filesystem::exists(images + ".gz");
}

/// Files as `GzipFiles` finds them, and which they were.
struct NotedFiles {
  std::set<std::string>& paths;

  kd::detail::GzipStream open(const std::string& path) const {
    paths.insert(kd::GzipFiles{}.open(path).path());
    return kd::GzipFiles{}.open(path);
  }
};

kd::Dataset load(const std::string& folder, kd::Split split, std::optional<kd::Index> limit,
                 std::set<std::string>& files) {
  const kd::Dataset all = kd::load_mnist(folder, split, NotedFiles{files});
  return limit ? all.slice(0, std::min(*limit, all.size())) : all;
}

}  // namespace

Images load_images(const ImageOptions& options) {
  std::string source;
  std::string from;
  if (options.folder) {
    source = from = *options.folder;
    if (!std::filesystem::is_directory(from))
      throw kd::IoError(from, "expected a folder with the four files of MNIST, there is none");
  } else if (options.installed && is_mnist(*options.installed)) {
    source = from = *options.installed;
  } else {
    // Both folders are definitions of the build.
    from = is_mnist(KD_MNIST_DIR) ? KD_MNIST_DIR : KD_SAMPLE_DIR;
    source = (is_mnist(KD_MNIST_DIR) ? "the copy downloaded to " : "the sample in ") + from;
  }
  std::set<std::string> files;
  Images images{source,
                load(from, kd::Split::train, options.train_limit, files),
                load(from, kd::Split::test, options.test_limit, files),
                {}};
  images.files = std::move(files);
  kd::check_test_set(images.train, images.test);
  return images;
}

}  // namespace example
