// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "kd/data/plain_files.hpp"

namespace kd::detail {

/// IDX: two zero bytes, the element type, the number of dimensions, the dimensions as 32-bit
/// big-endian numbers, the elements. Source: the page of MNIST's authors, "The MNIST database of
/// handwritten digits", section "File formats".
enum class IdxContent : std::uint32_t { labels = 0x0801, images = 0x0803 };

inline const char* name_of(IdxContent content) {
  return content == IdxContent::images ? "images" : "labels";
}

inline std::string hex(std::uint32_t number, int digits) {
  std::string out = "0x";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    out += "0123456789ABCDEF"[(number >> shift) & 15];
  return out;
}

inline std::uint32_t big_endian(const std::uint8_t* bytes) {
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | bytes[i];
  return number;
}

/// Throws `FormatError` when a file does not begin as it must, with a guess at why.
inline void check_idx_magic(const std::string& path, IdxContent content, std::uint32_t got) {
  const auto expected = static_cast<std::uint32_t>(content);
  if (got == expected) return;
  const auto other = content == IdxContent::images ? IdxContent::labels : IdxContent::images;
  const std::uint32_t swapped = got >> 24 | (got >> 8 & 0xFF00) | (got & 0xFF00) << 8 | got << 24;
  const std::uint32_t type = got >> 8;
  std::string hint;
  std::uint64_t at = 0;
  if (got >> 16 == 0x1F8B) {
    hint =
        ": the file is gzip'ed; gunzip it, or load it with kd::GzipFiles{} "
        "(#include <kd/data/gzip.hpp>, CMake target kd::zlib)";
  } else if (got == static_cast<std::uint32_t>(other)) {
    hint = text(": this is a file of ", name_of(other));
  } else if (swapped == expected) {
    hint = ": the bytes are in reverse order; IDX files are big-endian";
  } else if (type != 0x08 && type < 0x100 && (got & 0xFF) == (expected & 0xFF)) {
    at = 2;
    hint =
        text(": elements of type ", hex(type, 2), " are not supported, only 0x08, unsigned bytes");
  } else {
    hint = text(": this is no IDX file of ", name_of(content));
  }
  throw FormatError(path, at,
                    text("expected magic number ", hex(expected, 8), " (", name_of(content),
                         "), got ", hex(got, 8), hint));
}

/// An IDX file whose header has been read and found good: nothing is allocated on its word before.
template <FileSource Files>
class IdxFile {
 public:
  IdxFile(const Files& files, const std::string& path, IdxContent content)
      : stream_(files.open(path)) {
    std::array<std::uint8_t, 16> header{};
    const auto dimensions = static_cast<std::size_t>(content) & 0xFF;
    const std::size_t size = 4 + 4 * dimensions;
    read_header(header.data(), 0, 4, size);
    check_idx_magic(stream_.path(), content, big_endian(header.data()));
    read_header(header.data(), 4, size, size);
    std::array<std::uint64_t, 3> extent{1, 1, 1};
    for (std::size_t i = 0; i < dimensions; ++i) extent[i] = big_endian(&header[4 + 4 * i]);
    check_extents(extent, dimensions, size);
    count_ = static_cast<Index>(extent[0]);
    features_ = static_cast<Index>(extent[1] * extent[2]);
  }

  const std::string& path() const { return stream_.path(); }
  Index count() const { return count_; }
  Index features() const { return features_; }
  std::uint64_t offset() const { return offset_; }

  /// The next elements. Throws `FormatError` when the file ends before.
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
      throw FormatError(path(), offset_,
                        text("expected the end of the file after ", count_, " samples of ",
                             features_, features_ == 1 ? " byte" : " bytes", ", got more bytes"));
  }

 private:
  void read_header(std::uint8_t* header, std::size_t from, std::size_t to, std::size_t size) {
    offset_ += stream_.read(header + from, to - from);
    if (offset_ < to)
      throw FormatError(path(), offset_,
                        text("expected a header of ", size, " bytes, the file has ", offset_));
  }

  void check_extents(const std::array<std::uint64_t, 3>& extent, std::size_t dimensions,
                     std::size_t header) {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Index>::max()) - 16;
    std::string shape;
    for (std::size_t i = 0; i < dimensions; ++i) shape += text(i == 0 ? "" : " x ", extent[i]);
    std::uint64_t elements = 1;
    for (std::size_t i = 0; i < dimensions; ++i) {
      if (extent[i] == 0)
        throw FormatError(path(), 4 + 4 * i, text("expected samples, got the dimensions ", shape));
      if (elements > most / extent[i])
        throw FormatError(path(), 4, text("the dimensions ", shape, " overflow"));
      elements *= extent[i];
    }
    if (header + elements > stream_.max_bytes())
      throw FormatError(path(), 4,
                        text("the dimensions ", shape, " need ", header + elements,
                             " bytes, but this file has at most ", stream_.max_bytes(),
                             ": it is cut short or damaged"));
  }

  decltype(std::declval<const Files&>().open(std::string())) stream_;
  std::uint64_t offset_ = 0;
  Index count_ = 0;
  Index features_ = 0;
};

}  // namespace kd::detail
