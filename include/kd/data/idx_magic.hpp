// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "kd/core/error.hpp"
#include "kd/data/plain_files.hpp"

namespace kd::detail {

enum class IdxContent { labels, images };

inline const char* name_of(IdxContent content) {
  return content == IdxContent::images ? "images" : "labels";
}

/// How an IDX file begins: two zero bytes, the type of the elements, the number of dimensions.
struct IdxMagic {
  static constexpr std::uint32_t bytes = 0x08;
  static constexpr std::uint32_t integers = 0x0C;  ///< 32 bits

  std::uint32_t number;

  bool is_idx() const { return number >> 16 == 0; }
  std::uint32_t type() const { return number >> 8 & 0xFF; }
  std::size_t dimensions() const { return number & 0xFF; }
  std::size_t element_size() const { return type() == integers ? 4 : 1; }

  /// Images are bytes (samples, rows, columns). Labels are bytes or integers (samples), as QMNIST's
  /// (samples, 1 or more).
  bool holds(IdxContent content) const {
    if (!is_idx()) return false;
    if (content == IdxContent::images) return type() == bytes && dimensions() == 3;
    return (type() == bytes || type() == integers) && (dimensions() == 1 || dimensions() == 2);
  }
};

inline std::string hex(std::uint32_t number, int digits) {
  std::string out = "0x";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    out += "0123456789ABCDEF"[(number >> shift) & 15];
  return out;
}

/// What else is mistaken for an IDX file, by its first bytes, and what to do with it.
struct OtherFile {
  std::string_view start;
  const char* advice;
};
inline constexpr std::array<OtherFile, 10> other_files{{
    {"PK\x03\x04", "a zip archive, as .npz and PyTorch's .pt are: unzip it"},
    {"\3757zX", "compressed by xz: unxz it"},
    {"BZh", "compressed by bzip2: bunzip2 it"},
    {"\x28\xB5\x2F\xFD", "compressed by zstd: unzstd it"},
    {"\x93NUM", "a NumPy array: see kd/interop/xtensor.hpp for such"},
    {"\x89HDF", "an HDF5 file: export its arrays"},
    {"\x80\x02", "a Python pickle, as PyTorch's older .pt: export its arrays"},
    {"\x89PNG", "a picture"},
    {"<", "a web page: the download failed"},
    {"vers", "a pointer of Git LFS: git lfs pull"},
}};

/// A guess at why a file does not begin as it must.
inline std::string guess_file(IdxContent content, IdxMagic got, bool unpacked) {
  const std::uint32_t n = got.number;
  if (n >> 16 == 0x1F8B)
    return unpacked ? "this is gzip'ed twice: gunzip it once"
                    : text("this is gzip'ed: ", gunzip_hint);
  std::string start;
  for (int shift = 24; shift >= 0; shift -= 8)
    start += static_cast<char>(static_cast<unsigned char>(n >> shift));
  for (const OtherFile& other : other_files)
    if (start.starts_with(other.start)) return text("this is ", other.advice);

  const auto another = content == IdxContent::images ? IdxContent::labels : IdxContent::images;
  const IdxMagic swapped{n >> 24 | (n >> 8 & 0xFF00) | (n & 0xFF00) << 8 | n << 24};
  if (swapped.holds(content)) return "the bytes are in reverse order; IDX files are big-endian";
  if (got.is_idx() && got.type() == IdxMagic::bytes && got.dimensions() > 1 &&
      content == IdxContent::images)
    return text("these bytes have ", got.dimensions(),
                " dimensions, expected samples, rows and columns");
  if (got.holds(another)) return text("this is a file of ", name_of(another));
  return text("this is no IDX file of ", name_of(content));
}

/// Throws `FormatError` when a file does not begin as it must, with a guess at why. `unpacked`: it
/// came out of a gzip'ed one.
inline void check_idx_magic(const std::string& path, IdxContent content, IdxMagic got,
                            bool unpacked) {
  if (got.holds(content)) return;
  const bool images = content == IdxContent::images;
  const std::string numbers = text("expected magic number ", images ? "0x00000803" : "0x00000801",
                                   " (", name_of(content), "), got ", hex(got.number, 8), ": ");
  if (got.is_idx() && got.dimensions() == (images ? 3 : 1))
    throw FormatError(path, 2,
                      text(numbers, "elements of type ", hex(got.type(), 2), " are not supported, ",
                           images ? "only 0x08, unsigned bytes"
                                  : "only 0x08, unsigned bytes, and 0x0C, 32-bit integers"));
  throw FormatError(path, 0, numbers + guess_file(content, got, unpacked));
}

}  // namespace kd::detail
