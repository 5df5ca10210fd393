// SPDX-License-Identifier: MIT
#include "output_file.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <kd/distill.hpp>
#include <system_error>

namespace mnist {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what, int error) {
  throw kd::IoError(path, what + ": " + std::generic_category().message(error));
}

/// Writes `text` over what is there. Data may stay in buffers until the file is closed, so that
/// only then is it known whether they arrived.
void write_to(const std::string& path, const std::string& text) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) fail(path, "cannot be written", errno);
  errno = 0;
  const bool written =
      std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
  const int error = errno;
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed) fail(path, "cannot be written", written ? errno : error);
}

}  // namespace

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path_, ignored);
  if (fs::is_directory(status)) fail(path_, "cannot be written", EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    written_ = path_;  // renaming a file over a device would replace the device
    return;
  }
  if (fs::exists(status)) path_ = fs::canonical(path_).string();  // keeps a link a link
  written_ = path_ + ".part";
  write_to(written_, "");
  fs::remove(written_, ignored);
}

void OutputFile::write(const std::string& text) const {
  std::error_code error;
  try {
    write_to(written_, text);
  } catch (const kd::IoError&) {
    if (written_ != path_) fs::remove(written_, error);
    throw;
  }
  if (written_ == path_) return;
  fs::rename(written_, path_, error);
  if (error) fail(path_, "cannot be replaced by " + written_, error.value());
}

}  // namespace mnist
