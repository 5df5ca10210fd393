// SPDX-License-Identifier: MIT
#pragma once

#include <cctype>
#include <charconv>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kd/files/byte_reader.hpp"
#include "kd/io/number_type.hpp"

namespace kd {

/// An array as NumPy stores it.
struct NpyArray {
  NumberType type = NumberType::f64;
  std::endian order = std::endian::little;
  bool fortran_order = false;  ///< the first extent is that of neighbours
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;  ///< in what it was read from
};

namespace detail {

inline constexpr std::uint64_t longest_npy_header = 65536;
inline constexpr std::size_t most_npy_extents = 32;  // as many as NumPy has

struct NpyType {
  const char* code;  ///< without the byte order
  NumberType type;
};
inline constexpr NpyType npy_types[] = {
    {"b1", NumberType::b1},  {"u1", NumberType::u8},  {"i1", NumberType::i8},
    {"u2", NumberType::u16}, {"i2", NumberType::i16}, {"u4", NumberType::u32},
    {"i4", NumberType::i32}, {"u8", NumberType::u64}, {"i8", NumberType::i64},
    {"f2", NumberType::f16}, {"f4", NumberType::f32}, {"f8", NumberType::f64}};

/// Reads the header of an .npy file, the text of a Python dictionary with exactly three keys.
class NpyHeader {
 public:
  NpyHeader(const ByteReader& reader, std::uint64_t begin, std::string_view text, NpyArray& to)
      : reader_(reader), begin_(begin), text_(text), to_(to) {}

  void read() {
    expect('{');
    std::set<std::string, std::less<>> keys;
    while (!accept('}')) {
      const std::string key = quoted();
      if (!keys.insert(key).second) fail(kd::detail::text("the key '", key, "' is there twice"));
      expect(':');
      if (key == "descr") {
        read_type();
      } else if (key == "fortran_order") {
        to_.fortran_order = read_bool();
      } else if (key == "shape") {
        read_shape();
      } else {
        fail(kd::detail::text("expected descr, fortran_order and shape, got '", key, '\''));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (keys.size() != 3) fail("expected descr, fortran_order and shape, got fewer");
    skip_space();
    if (at_ != text_.size()) fail("expected the end of the header");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { reader_.fail_at(begin_ + at_, what); }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  bool accept(char wanted) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail(kd::detail::text("expected ", wanted, " in the header"));
  }
  std::string quoted() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    if (quote != '\'' && quote != '"') fail("expected a text in quotes");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("expected the end of a text");
    std::string word(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return word;
  }
  bool read_bool() {
    skip_space();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return value;
    }
    fail("expected True or False");
  }
  void read_type() {
    skip_space();
    const std::size_t from = at_;
    if (from < text_.size() && text_[from] == '[')
      fail("expected numbers of one type, got a structured array");
    const std::string descr = quoted();
    const char order = descr.empty() ? ' ' : descr.front();
    for (const NpyType& known : npy_types) {
      if (descr.empty() || descr.substr(1) != known.code) continue;
      if (order != '<' && order != '>' && !(order == '|' && bytes_of(known.type) == 1)) break;
      to_.type = known.type;
      to_.order = order == '>' ? std::endian::big : std::endian::little;
      return;
    }
    at_ = from;
    fail(kd::detail::text(
        "numbers of the type '", descr, "' are none that kd reads",
        descr.find('O') != std::string::npos ? ": pickled objects are not supported" : ""));
  }
  void read_shape() {
    expect('(');
    while (!accept(')')) {
      skip_space();
      std::uint64_t extent = 0;
      const char* const begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), extent);
      if (error != std::errc{}) fail("expected an extent of the shape, zero or more");
      at_ += static_cast<std::size_t>(end - begin);
      to_.shape.push_back(extent);
      if (to_.shape.size() > most_npy_extents)
        fail(kd::detail::text("expected at most ", most_npy_extents, " extents"));
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  const ByteReader& reader_;
  std::uint64_t begin_;
  std::string_view text_;
  NpyArray& to_;
  std::size_t at_ = 0;
};

}  // namespace detail

/// Reads the content of an .npy file, which the result refers to. `path` is what errors say. Throws
/// `FormatError`. Source: NumPy's description of the format, numpy.lib.format.
inline NpyArray parse_npy(std::span<const std::byte> bytes, const std::string& path) {
  detail::ByteReader reader(path, bytes);
  constexpr std::string_view magic = "\x93NUMPY";
  if (bytes.size() < magic.size() || reader.take_text(magic.size(), "the magic") != magic) {
    const std::string other = detail::describe_foreign(bytes);
    throw FormatError(path, 0,
                      "expected a NumPy array (.npy), got " +
                          (other.empty() ? std::string("something else") : other));
  }
  const auto major = reader.number<std::uint8_t>("the version");
  const auto minor = reader.number<std::uint8_t>("the version");
  if (major < 1 || major > 3 || minor != 0)
    reader.fail_at(6, detail::text("expected version 1.0, 2.0 or 3.0, got ", +major, '.', +minor));
  const std::uint64_t length = major == 1 ? reader.number<std::uint16_t>("the header's length")
                                          : reader.number<std::uint32_t>("the header's length");
  if (length > detail::longest_npy_header)
    reader.fail(detail::text("expected a header of at most ", detail::longest_npy_header,
                             " bytes, got ", length));
  const std::uint64_t begin = reader.offset();
  NpyArray array;
  detail::NpyHeader(reader, begin, reader.take_text(length, "the header"), array).read();
  std::uint64_t size = detail::bytes_of(array.type);
  for (const std::uint64_t extent : array.shape)
    if (!detail::multiply(size, extent, size))
      reader.fail_at(begin, "the array is larger than any file");
  array.bytes = reader.take(size, "the numbers");
  reader.expect_end();
  return array;
}

}  // namespace kd
