// SPDX-License-Identifier: MIT
#pragma once

#if __has_include(<xtensor/io/xnpy.hpp>)  // xtensor 0.26 and later
#include <xtensor/containers/xarray.hpp>
#include <xtensor/io/xnpy.hpp>
#else
#include <xtensor/xarray.hpp>
#include <xtensor/xnpy.hpp>
#endif

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/core/error.hpp"

/// Reads NumPy files through xtensor, whose loader accepts files that are truncated and sizes that
/// overflow: so the header and the file's size are checked first.
namespace kd::test {

/// The name of a little-endian number type in an .npy header, such as "<f8".
template <class T>
std::string npy_dtype() {
  const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
  return std::string(1, sizeof(T) == 1 ? '|' : '<') + kind + std::to_string(sizeof(T));
}

/// Walks through an .npy file's header, which has to be spelt as NumPy spells it.
class NpyHeader {
 public:
  /// Throws `FormatError` with the place of the first thing that is not as it should be.
  explicit NpyHeader(std::string path) : path_(std::move(path)) {
    std::ifstream file(path_, std::ios::binary | std::ios::ate);
    if (!file) throw IoError(path_, "cannot be opened");
    file_size_ = static_cast<std::uint64_t>(file.tellg());
    text_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(file_size_, longest)));
    file.seekg(0);
    file.read(text_.data(), static_cast<std::streamsize>(text_.size()));
    if (!file) throw IoError(path_, "cannot be read");
  }

  /// Goes through the header; numbers of `item_size` bytes named `dtype` must fill the rest of the
  /// file exactly. Returns the shape.
  std::vector<std::uint64_t> check(std::string_view dtype, std::uint64_t item_size) {
    expect(std::string_view("\x93NUMPY\x01\x00", 8), "an .npy file of version 1.0");
    const std::uint64_t header_end = at_ + 2 + header_length();
    at_ += 2;
    expect("{'descr': '", "a dictionary that begins with 'descr'");
    expect(dtype, "numbers of type " + std::string(dtype));
    expect("', 'fortran_order': ", "'fortran_order'");
    expect("False, 'shape': (", "False: row-major, then 'shape'");
    std::vector<std::uint64_t> shape;
    while (!next_is(')')) {
      shape.push_back(number());
      if (next_is(')') && shape.size() > 1) break;
      expect(",", "a comma");
      if (next_is(' ')) ++at_;
    }
    expect("), }", "the end of the dictionary");
    while (at_ + 1 < header_end) expect(" ", "a space");
    expect("\n", "the header's end");
    check_payload(shape, item_size);
    return shape;
  }

 private:
  static constexpr std::uint64_t longest = 10 + 65535;

  [[noreturn]] void fail(const std::string& what) const { throw FormatError(path_, at_, what); }

  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }

  void expect(std::string_view part, const std::string& meaning) {
    if (std::string_view(text_).substr(at_, part.size()) != part)
      fail("expected " + meaning +
           (at_ + part.size() > text_.size() ? ", got the file's end" : ""));
    at_ += part.size();
  }

  std::uint64_t header_length() const {
    if (text_.size() < 10) fail("expected the header's length, got the file's end");
    const auto low = static_cast<unsigned char>(text_[8]);
    const auto high = static_cast<unsigned char>(text_[9]);
    // xtensor takes these bytes for signed numbers.
    if (low > 127 || high > 127) fail("a header of this length is more than xtensor reads");
    return low + 256U * high;
  }

  std::uint64_t number() {
    std::uint64_t value = 0;
    const std::size_t start = at_;
    for (; at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])); ++at_) {
      const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
      if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10)
        fail("a size that does not fit 64 bits");
      value = 10 * value + digit;
    }
    if (at_ == start) fail("expected a size");
    return value;
  }

  void check_payload(const std::vector<std::uint64_t>& shape, std::uint64_t item_size) const {
    std::uint64_t bytes = item_size;
    for (const std::uint64_t extent : shape) {
      if (extent != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / extent)
        fail("a shape whose size in bytes does not fit 64 bits");
      bytes *= extent;
    }
    if (bytes != file_size_ - at_)
      fail("expected " + std::to_string(bytes) + " bytes of numbers, got " +
           std::to_string(file_size_ - at_));
  }

  std::string path_;
  std::string text_;  // the file's beginning
  std::uint64_t file_size_ = 0;
  std::size_t at_ = 0;
};

/// The array in an .npy file. Throws `IoError`, or `FormatError` with the byte that is wrong.
template <class T>
xt::xarray<T> load_npy(const std::string& path) {
  NpyHeader(path).check(npy_dtype<T>(), sizeof(T));
  return xt::load_npy<T>(path);
}

}  // namespace kd::test
