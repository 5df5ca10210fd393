// SPDX-License-Identifier: MIT
#include "kd/files/byte_reader.hpp"

#include <limits>
#include <string>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace kd;
using detail::ByteReader;
using kd::test::error_of;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

const std::string eleven("abc\x01\x02\x03\x84\x05\x06\x07\xf8", 11);

}  // namespace

TEST_CASE("a byte reader goes through its bytes", "[files]") {
  ByteReader reader("x", bytes_of(eleven));
  CHECK(reader.path() == "x");
  CHECK(reader.offset() == 0);
  CHECK(reader.left() == 11);
  CHECK(reader.take_text(3, "a word") == "abc");
  CHECK(reader.offset() == 3);
  const auto two = reader.take(2, "two bytes");
  CHECK(two.data() == bytes_of(eleven).data() + 3);
  CHECK(two.size() == 2);
  CHECK(reader.take(0, "nothing").empty());
  CHECK(reader.offset() == 5);
  CHECK(reader.left() == 6);
  reader.take(6, "the rest");
  CHECK(reader.left() == 0);
  CHECK(reader.take_text(0, "nothing").empty());
  CHECK_NOTHROW(reader.expect_end());
}

TEST_CASE("numbers are little-endian, wherever they lie", "[files]") {
  ByteReader one("x", bytes_of(eleven));
  CHECK(one.number<std::uint8_t>("a number") == 'a');
  CHECK(one.number<std::uint16_t>("a number") == 0x6362);
  CHECK(one.number<std::uint64_t>("a number") == 0xf807060584030201u);
  ByteReader other("x", bytes_of(eleven));
  other.take(3, "a word");
  CHECK(other.number<std::uint32_t>("a number") == 0x84030201u);
  CHECK(other.number<std::uint8_t>("a number") == 5);
  CHECK(other.offset() == 8);
}

TEST_CASE("a byte reader gives nothing from beyond the end", "[files]") {
  for (std::uint64_t taken = 0; taken <= 11; ++taken) {
    for (const std::uint64_t more :
         {std::uint64_t{1}, std::uint64_t{1} << 32, std::numeric_limits<std::uint64_t>::max(),
          std::numeric_limits<std::uint64_t>::max() - 3}) {
      ByteReader reader("x", bytes_of(eleven));
      reader.take(taken, "the beginning");
      const std::uint64_t left = 11 - taken;
      const std::uint64_t count = more == 1 ? left + 1 : more;
      const auto error = error_of<FormatError>([&] { reader.take(count, "numbers"); });
      CHECK(error.path == "x");
      CHECK(error.offset == taken);
      CHECK_THAT(error.what(), EndsWith(detail::text("expected ", count, " bytes for numbers, got ",
                                                     left, " to the end")));
      CHECK(reader.offset() == taken);  // what failed took nothing
      CHECK(reader.take(left, "the rest").size() == left);
    }
  }
  ByteReader three("x", bytes_of(eleven).first(3));
  CHECK_THROWS_WITH(three.number<std::uint32_t>("a size"),
                    "x: byte 0: expected 4 bytes for a size, got 3 to the end");
  ByteReader none("x", {});
  CHECK_THROWS_AS(none.number<std::uint8_t>("a size"), FormatError);
  CHECK(none.take_text(0, "nothing").empty());
  CHECK_NOTHROW(none.expect_end());
}

TEST_CASE("complaints have the place", "[files]") {
  ByteReader reader("x", bytes_of(eleven));
  reader.take(4, "the beginning");
  CHECK_THROWS_WITH(reader.fail("bad"), "x: byte 4: bad");
  CHECK_THROWS_WITH(reader.fail_at(2, "bad"), "x: byte 2: bad");
  CHECK_THROWS_WITH(reader.expect_end(), "x: byte 4: expected the end, got 7 more bytes");
}

TEST_CASE("a product is one of 64 bits or none", "[files]") {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t product = 77;
  CHECK(detail::multiply(6, 7, product));
  CHECK(product == 42);
  CHECK(detail::multiply(most, 1, product));
  CHECK(product == most);
  CHECK(detail::multiply(most, 0, product));
  CHECK(product == 0);
  CHECK(detail::multiply(0, most, product));
  CHECK(product == 0);
  CHECK(detail::multiply(std::uint64_t{1} << 32, (std::uint64_t{1} << 32) - 1, product));
  CHECK(product == most - 0xffffffffu);
  product = 5;
  CHECK_FALSE(detail::multiply(std::uint64_t{1} << 32, std::uint64_t{1} << 32, product));
  CHECK_FALSE(detail::multiply(most, 2, product));
  CHECK_FALSE(detail::multiply(2, most / 2 + 1, product));
  CHECK(product == 5);                                 // it is as it was
  CHECK(detail::multiply(product, product, product));  // as readers use it
  CHECK(product == 25);
}

TEST_CASE("files of other kinds are known by their first bytes", "[files]") {
  const struct {
    std::string begin;
    const char* says;
  } cases[] = {
      {"PK\x03\x04 and so on", "a zip archive"}, {"\x80\x02}", "a Python pickle"},
      {"\x80\x04\x95", "a Python pickle"},       {"\x89HDF\r\n\x1a\n", "an HDF5 file"},
      {"\x1f\x8b\x08", "gunzip it first"},       {"\x93NUMPY\x01", "a NumPy array"},
  };
  for (const auto& [begin, says] : cases)
    CHECK_THAT(detail::describe_foreign(bytes_of(begin)), ContainsSubstring(says));
  for (const std::string unknown :
       {"", "P", "PK", "PK\x03", "\x80", "\x80\x06", "\x1f", "\x93NUMP", "{}"})
    CHECK(detail::describe_foreign(bytes_of(unknown)).empty());
}
