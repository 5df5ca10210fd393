// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

#include "kd/files/open_file.hpp"

namespace kd {

namespace detail {

/// The bytes of a file, in order.
class PlainStream {
 public:
  PlainStream(std::string path, File file) : path_(std::move(path)), file_(std::move(file)) {
    go_to(0, SEEK_END);
    const long size = std::ftell(file_.get());
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

  void rewind() { go_to(0, SEEK_SET); }

 private:
  void go_to(long offset, int from) {
    if (std::fseek(file_.get(), offset, from) != 0) throw IoError(path_, errno_text(errno));
  }

  std::string path_;
  File file_;
  std::uint64_t size_ = 0;
};

/// There is only a compressed one.
struct OnlyPacked : MissingFile {
  using MissingFile::MissingFile;
};

inline constexpr const char* gunzip_hint =
    "gunzip it, or load it with kd::GzipFiles{} (#include <kd/data/gzip.hpp>, CMake target "
    "kd::zlib)";

}  // namespace detail

/// Where a loader gets a file's bytes from: `open(path)` gives a stream, or throws `MissingFile`
/// where there is no such file. The stream answers
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
  /// Throws `MissingFile` when there is no such file or only a compressed one, `IoError` when it
  /// cannot be read.
  detail::PlainStream open(const std::string& path) const {
    std::string missing;
    if (detail::File file = detail::open_file(path, missing)) return {path, std::move(file)};
    std::string packed_missing;
    if (detail::open_file(path + ".gz", packed_missing))
      throw detail::OnlyPacked(
          path, detail::text(missing, ", but there is ", path, ".gz: ", detail::gunzip_hint));
    throw MissingFile(path, missing);
  }
};

static_assert(FileSource<PlainFiles>);

}  // namespace kd
