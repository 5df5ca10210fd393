// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/stat.h>
#endif

#include "kd/core/error.hpp"

namespace kd {

/// There is no file of this name: nothing, or a folder. Where a loader knows a file under several
/// names, it then tries the next.
struct MissingFile : IoError {
  using IoError::IoError;
};

namespace detail {

inline std::string errno_text(int error) { return std::generic_category().message(error); }

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// What is no file though it can be opened.
enum class NoFile { none, folder, pipe, device };

/// What lies at `path`, found out without opening it: a pipe would not open until somebody writes.
/// Elsewhere than on POSIX opening itself refuses folders, and no path leads to a pipe by chance.
inline NoFile look_at(const std::string& path) {
#if defined(__unix__) || defined(__APPLE__)
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return NoFile::none;
  if (S_ISDIR(status.st_mode)) return NoFile::folder;
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ? NoFile::pipe : NoFile::device;
#else
  static_cast<void>(path);
  return NoFile::none;
#endif
}

/// A file to read, or null where there is none of that name: then `missing` says what there is
/// instead. Throws `IoError` when it cannot be read, or is a pipe or a device.
inline File open_file(const std::string& path, std::string& missing) {
  const NoFile what = look_at(path);
  if (what == NoFile::folder) {
    missing = "expected a file, got a folder";
    return nullptr;
  }
  if (what != NoFile::none)
    throw IoError(path, text("expected a file, got a ", what == NoFile::pipe ? "pipe" : "device",
                             ", which does not say how much will come: write it to a file first"));
  if (File file{std::fopen(path.c_str(), "rb")}) return file;
  const int error = errno;
  if (error != ENOENT && error != ENOTDIR) throw IoError(path, errno_text(error));
  missing = errno_text(error);
  return nullptr;
}

}  // namespace detail
}  // namespace kd
