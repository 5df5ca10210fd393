// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string>

#include "kd/files/open_file.hpp"

namespace kd {

/// The content of a file, read as a whole.
class FileContent {
 public:
  /// Throws `MissingFile` when there is no such file, `IoError` when it cannot be read or held in
  /// memory, is a pipe or a device, or becomes shorter meanwhile.
  explicit FileContent(std::string path);

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {bytes_.get(), size_}; }

 private:
  std::string path_;
  std::size_t size_ = 0;
  std::unique_ptr<std::byte[]> bytes_;
};

#if KD_DEFINES

KD_INLINE FileContent::FileContent(std::string path) : path_(std::move(path)) {
  std::string missing;
  const detail::File file = detail::open_file(path_, missing);
  if (!file) throw MissingFile(path_, missing);
  const auto fail = [&] { throw IoError(path_, detail::errno_text(errno)); };
  if (std::fseek(file.get(), 0, SEEK_END) != 0) fail();
  const long size = std::ftell(file.get());
  if (size < 0 || std::fseek(file.get(), 0, SEEK_SET) != 0) fail();
  size_ = static_cast<std::size_t>(size);
  try {
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(size_);
  } catch (const std::bad_alloc&) {
    throw IoError(path_, detail::text("not enough memory for its ", size_, " bytes"));
  }
  std::setvbuf(file.get(), nullptr, _IONBF, 0);  // all of it goes to its place at once
  const std::size_t got = std::fread(bytes_.get(), 1, size_, file.get());
  if (std::ferror(file.get()) != 0) fail();
  if (got < size_)
    throw IoError(path_, detail::text("expected ", size_, " bytes, got ", got,
                                      ": the file was shortened meanwhile"));
}

#endif

}  // namespace kd
