// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "kd/core/error.hpp"

namespace kd {

namespace detail {

inline std::string errno_text(int error) { return std::generic_category().message(error); }

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// A file to read, or null: then `errno` says why.
inline File open_file(const std::string& path) { return File(std::fopen(path.c_str(), "rb")); }

/// The bytes of a file, in order.
class PlainStream {
 public:
  PlainStream(std::string path, File file) : path_(std::move(path)), file_(std::move(file)) {
    const bool at_end = std::fseek(file_.get(), 0, SEEK_END) == 0;
    const long size = at_end ? std::ftell(file_.get()) : -1;
    if (size < 0) throw IoError(path_, errno_text(errno));
    size_ = static_cast<std::uint64_t>(size);
    rewind();
  }

  const std::string& path() const { return path_; }
  std::uint64_t max_bytes() const { return size_; }

  std::size_t read(std::uint8_t* to, std::size_t count) {
    const std::size_t got = std::fread(to, 1, count, file_.get());
    if (got < count && std::ferror(file_.get()) != 0) throw IoError(path_, errno_text(errno));
    return got;
  }

  void rewind() { std::rewind(file_.get()); }

 private:
  std::string path_;
  File file_;
  std::uint64_t size_ = 0;
};

}  // namespace detail

/// Where a loader gets a file's bytes from: `open(path)` gives a stream, which answers
/// - `path()`: the file that was opened in the end;
/// - `max_bytes()`: more than these cannot come, known before anything is read;
/// - `read(to, count)`: how many bytes it gave, fewer than `count` at the end of the file only.
template <class F>
concept FileSource = requires(decltype(std::declval<const F&>().open(std::string()))& stream,
                              std::uint8_t* to, std::size_t count) {
  { stream.path() } -> std::convertible_to<std::string>;
  { stream.max_bytes() } -> std::same_as<std::uint64_t>;
  { stream.read(to, count) } -> std::same_as<std::size_t>;
};

/// Files as they are. `GzipFiles` in kd/data/gzip.hpp reads compressed ones too.
struct PlainFiles {
  /// Throws `IoError` when there is no such file or it cannot be read.
  detail::PlainStream open(const std::string& path) const {
    detail::File file = detail::open_file(path);
    if (!file) {
      const int error = errno;
      std::string why = detail::errno_text(error);
      if (error == ENOENT && detail::open_file(path + ".gz"))
        why += ", but there is " + path +
               ".gz: gunzip it, or load it with kd::GzipFiles{} "
               "(#include <kd/data/gzip.hpp>, CMake target kd::zlib)";
      throw IoError(path, why);
    }
    return {path, std::move(file)};
  }
};

static_assert(FileSource<PlainFiles>);

}  // namespace kd
