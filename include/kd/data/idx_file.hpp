// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "kd/data/idx_magic.hpp"
#include "kd/data/plain_files.hpp"

namespace kd::detail {

inline std::uint32_t big_endian(const std::uint8_t* bytes) {
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | bytes[i];
  return number;
}

/// An IDX file whose header has been read and found good: a magic number, the dimensions as 32-bit
/// big-endian numbers, the elements. Source: the page of MNIST's authors, "The MNIST database of
/// handwritten digits", section "File formats".
template <FileSource Files>
class IdxFile {
  using Stream = decltype(std::declval<const Files&>().open(std::string()));

 public:
  IdxFile(const Files& files, const std::string& path, IdxContent content)
      : stream_(open(files, path)) {
    std::array<std::uint8_t, 16> header{};
    const std::size_t expected = content == IdxContent::images ? 16 : 8;
    read_header(header.data(), 0, 4, expected);
    const IdxMagic magic{big_endian(header.data())};
    check_idx_magic(
        stream_.path(), content, magic, requires { Stream::unpacks_gzip; });
    const std::size_t size = 4 + 4 * magic.dimensions();
    read_header(header.data(), 4, size, size);
    element_size_ = static_cast<Index>(magic.element_size());
    std::array<std::uint64_t, 3> extent{1, 1, 1};
    for (std::size_t i = 0; i < magic.dimensions(); ++i) extent[i] = big_endian(&header[4 + 4 * i]);
    check_extents(extent, magic, size);
    count_ = static_cast<Index>(extent[0]);
    features_ = static_cast<Index>(extent[1] * extent[2]);
    if (content == IdxContent::labels) check_label_columns();
  }

  const std::string& path() const { return stream_.path(); }
  Index count() const { return count_; }
  Index features() const { return features_; }
  Index element_size() const { return element_size_; }
  Index sample_size() const { return features_ * element_size_; }  ///< bytes
  std::uint64_t offset() const { return offset_; }

  /// The next bytes. Throws `FormatError` when the file ends before.
  void read(std::uint8_t* to, Index count) {
    const auto wanted = static_cast<std::size_t>(count);
    const std::size_t got = stream_.read(to, wanted);
    offset_ += got;
    if (got < wanted)
      throw FormatError(path(), offset_,
                        text("the file ends early: expected ", wanted - got, " more bytes"));
  }

  /// Throws `FormatError` when more follows. A compressed stream checks its sum here.
  void finish() {
    std::uint8_t extra = 0;
    if (stream_.read(&extra, 1) != 0)
      throw FormatError(
          path(), offset_,
          text("expected the end of the file after ", count_, " samples of ", sample_size(),
               sample_size() == 1 ? " byte" : " bytes", ", got more bytes"));
  }

 private:
  static Stream open(const Files& files, const std::string& path) {
    try {
      return files.open(path);
    } catch (const std::bad_alloc&) {
      throw IoError(path, "not enough memory to open it");
    }
  }

  void read_header(std::uint8_t* header, std::size_t from, std::size_t to, std::size_t size) {
    offset_ += stream_.read(header + from, to - from);
    if (offset_ < to)
      throw FormatError(path(), offset_,
                        text("expected a header of ", size, " bytes, the file has ", offset_));
  }

  void check_extents(const std::array<std::uint64_t, 3>& extent, IdxMagic magic,
                     std::size_t header) {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Index>::max()) - 16;
    std::string shape;
    for (std::size_t i = 0; i < magic.dimensions(); ++i)
      shape += text(i == 0 ? "" : " x ", extent[i]);
    std::uint64_t size = magic.element_size();
    for (std::size_t i = 0; i < magic.dimensions(); ++i) {
      if (extent[i] == 0)
        throw FormatError(path(), 4 + 4 * i, text("expected samples, got the dimensions ", shape));
      if (size > most / extent[i])
        throw FormatError(path(), 4, text("the dimensions ", shape, " overflow"));
      size *= extent[i];
    }
    if (header + size > stream_.max_bytes())
      throw FormatError(path(), 4,
                        text("the dimensions ", shape, " need ", header + size,
                             " bytes, but this file has at most ", stream_.max_bytes(),
                             ": it is cut short or damaged"));
  }

  /// QMNIST's labels have 8 columns, the class first.
  void check_label_columns() const {
    if (features_ == 1 || (features_ == 8 && element_size_ == 4)) return;
    throw FormatError(path(), 8,
                      text("expected one class a sample, got ", features_,
                           " columns of labels; if they are one-hot, store the place of the one"));
  }

  Stream stream_;
  std::uint64_t offset_ = 0;
  Index count_ = 0;
  Index features_ = 0;
  Index element_size_ = 1;
};

}  // namespace kd::detail
