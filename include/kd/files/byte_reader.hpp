// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "kd/core/error.hpp"

namespace kd::detail {

/// Walks through bytes that came from outside, from a file or from anywhere: never beyond their
/// end, and whatever is wrong is a `FormatError` with the path and the place.
class ByteReader {
 public:
  ByteReader(std::string path, std::span<const std::byte> bytes)
      : path_(std::move(path)), bytes_(bytes) {}

  const std::string& path() const { return path_; }
  std::uint64_t offset() const { return at_; }
  std::uint64_t left() const { return bytes_.size() - at_; }

  [[noreturn]] void fail(const std::string& what) const { fail_at(at_, what); }
  [[noreturn]] void fail_at(std::uint64_t at, const std::string& what) const {
    throw FormatError(path_, at, what);
  }

  /// The next `count` bytes. `what` names them.
  std::span<const std::byte> take(std::uint64_t count, const char* what) {
    if (count > left())
      fail(text("expected ", count, " bytes for ", what, ", got ", left(), " to the end"));
    const auto part =
        bytes_.subspan(static_cast<std::size_t>(at_), static_cast<std::size_t>(count));
    at_ += count;
    return part;
  }
  std::string_view take_text(std::uint64_t count, const char* what) {
    const auto part = take(count, what);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }

  /// An unsigned number, little-endian.
  template <class Unsigned>
  Unsigned number(const char* what) {
    Unsigned value = 0;
    const auto part = take(sizeof(Unsigned), what);
    for (std::size_t i = sizeof(Unsigned); i-- > 0;)
      value = static_cast<Unsigned>(static_cast<Unsigned>(value << 7 << 1) |
                                    std::to_integer<Unsigned>(part[i]));
    return value;
  }

  void expect_end() const {
    if (left() > 0) fail(text("expected the end, got ", left(), " more bytes"));
  }

 private:
  std::string path_;
  std::span<const std::byte> bytes_;
  std::uint64_t at_ = 0;
};

/// `a * b`, or no number where that is beyond 64 bits.
inline bool multiply(std::uint64_t a, std::uint64_t b, std::uint64_t& product) {
  if (b != 0 && a > ~std::uint64_t{0} / b) return false;
  product = a * b;
  return true;
}

/// What a file of another kind is and what to do with it, told by its first bytes; nothing where
/// they are not known.
inline std::string describe_foreign(std::span<const std::byte> bytes) {
  const std::string_view begin(reinterpret_cast<const char*>(bytes.data()),
                               bytes.size() < 8 ? bytes.size() : 8);
  const auto starts = [&](std::string_view magic) {
    return begin.substr(0, magic.size()) == magic;
  };
  if (starts("PK\x03\x04"))
    return "a zip archive, as torch.save (.pt, .pth) and numpy.savez (.npz) write: weights come "
           "from "
           "PyTorch by safetensors.torch.save_file(model.state_dict(), file)";
  if (starts("\x80\x02") || starts("\x80\x04"))
    return "a Python pickle, which kd does not read: write weights with "
           "safetensors.torch.save_file(model.state_dict(), file)";
  if (starts("\x89HDF")) return "an HDF5 file, which kd does not read";
  if (starts("\x1f\x8b")) return "a gzip file: gunzip it first";
  if (starts("\x93NUMPY")) return "a NumPy array (.npy)";
  return "";
}

}  // namespace kd::detail
