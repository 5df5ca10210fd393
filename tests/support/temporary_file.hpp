// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>

namespace kd::test {

/// A file with some content in the folder for temporary files, removed at the end of its scope.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    std::random_device random;  // tests run side by side, in programs of their own
    path_ = std::filesystem::temp_directory_path() /
            ("kd_test_" + std::to_string(random()) + std::to_string(random()));
    std::ofstream file(path_, std::ios::binary);
    file << content;
    if (!file.flush()) throw std::runtime_error("cannot write " + path_.string());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace kd::test
