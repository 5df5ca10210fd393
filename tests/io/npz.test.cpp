// SPDX-License-Identifier: MIT
#include "kd/io/npz.hpp"

#include <fstream>
#include <string>
#include <utility>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using kd::test::TemporaryFolder;

namespace {

std::string golden_file(const std::string& name) { return KD_GOLDEN_DIR "/io/" + name + ".npz"; }

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const Matrix<float> expected{{0, 4, 8}, {1, 5, 9}, {2, 6, 10}, {3, 7, 11}};
const Labels labels{{2, 0, 1}};

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// What reading the archive of both arrays says, or nothing.
std::string complaint(const std::string& file) {
  try {
    const Npz npz(bytes_of(file), "x.npz");
    const Matrix<float> x = npz.load<float>("x");
    const Labels y = npz.load_labels("y");
    CHECK(x == expected);  // what changed is a time or the like
    CHECK(y == labels);
  } catch (const FormatError& error) {
    CHECK_THAT(error.path, StartsWith("x.npz"));
    CHECK(error.offset <= file.size());
    return error.what();
  }
  return "";
}

std::string with(std::string file, std::size_t at, const std::string& bytes) {
  return file.replace(at, bytes.size(), bytes);
}

}  // namespace

TEST_CASE("arrays come out of numpy.savez", "[io][npz]") {
  const Npz stored(golden_file("stored"));
  CHECK(stored.names() == std::vector<std::string>{"x", "y"});
  CHECK(stored.load<float>("x") == expected);
  CHECK(stored.load_labels("y") == labels);
  const Npz packed(golden_file("packed"));
  const Matrix<double> x = packed.load<double>("x");
  REQUIRE(x.cols() == 150);
  CHECK(x.middleCols(147, 3) == expected.cast<double>());
  CHECK(packed.load_labels("y") == Labels(Labels::LinSpaced(150, 0, 149)));
  CHECK_THROWS_WITH(stored.load<float>("z"), ContainsSubstring("has no array \"z\"; it has x y"));
  CHECK_THROWS_AS(stored.load_labels("x"), ShapeError);
}

TEST_CASE("what is wrong in an archive is named", "[io][npz]") {
  const std::string good = content(golden_file("stored"));
  REQUIRE(complaint(good).empty());
  const std::size_t directory = good.find("PK\x01\x02");
  const std::size_t second = good.find("PK\x01\x02", directory + 4);
  const std::size_t end = good.rfind("PK\x05\x06");
  const std::size_t numbers = good.find("\x93NUMPY") + 128;
  const struct {
    std::string file;
    const char* says;
  } cases[] = {
      {"", "got less"},
      {std::string(100, 'x'), "its end is missing"},
      {with(good, numbers, "\x11"), "the checksum is wrong"},
      {with(good, directory + 8, "\x01"), "encrypted"},
      {with(good, directory + 10, "\x0c"), "got method 12"},
      {with(good, directory + 24, "\x07"), "is not what the directory says"},
      {with(good, directory + 46, "../.py"), "another path"},
      {with(good, second + 46, "x"), "is not what the directory says"},
      {with(good, second + 42, good.substr(directory + 42, 4)), "is not what the directory says"},
      {with(good, end + 10, "\x03"), "expected 3 files, got 2"},
      {with(good, end + 10, "\x01"), "the directory's end"},
      {with(good, end + 4, "\x01"), "one part"},
      {with(good, end + 16, "\xff\xff\xff\x7f"), "not within the archive"},
  };
  for (const auto& [file, says] : cases) CHECK_THAT(complaint(file), ContainsSubstring(says));
}

TEST_CASE("an archive lies in a file or in memory", "[io][npz]") {
  const TemporaryFolder folder;
  const std::string good = content(golden_file("stored"));
  Npz from_file(folder.write("x.npz", good));
  const Npz moved = std::move(from_file);
  folder.write("x.npz", "");
  CHECK(moved.load<float>("x") == expected);
  const std::string copy = good;
  const Npz from_memory(bytes_of(copy), "memory.npz");
  CHECK(from_memory.names() == moved.names());
  CHECK(from_memory.load_labels("y") == labels);
  CHECK_THROWS_WITH(from_memory.load<float>("z"), StartsWith("memory.npz: byte 0: has no array"));
  CHECK_THROWS_AS(Npz(folder.path("none.npz")), MissingFile);
  CHECK_THROWS_WITH(Npz(folder.path("x.npz")), StartsWith(folder.path("x.npz")));
}

TEST_CASE("no change of an archive does harm", "[io][npz]") {
  const std::string good = content(golden_file("stored"));
  for (std::size_t length = 0; length < good.size(); ++length)
    CHECK_FALSE(complaint(good.substr(0, length)).empty());
  for (std::size_t at = 0; at < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit)
      complaint(with(good, at, std::string(1, static_cast<char>(good[at] ^ (1 << bit)))));
}

TEST_CASE("deflated arrays give what they promise, or an error", "[io][npz]") {
  const std::string good = content(golden_file("packed"));
  const Npz whole(bytes_of(good), "x.npz");
  const Matrix<float> x = whole.load<float>("x");
  const Labels y = whole.load_labels("y");
  const auto reads = [&](const std::string& file) {
    try {
      const Npz npz(bytes_of(file), "x.npz");
      const Matrix<float> got = npz.load<float>("x");
      const Labels got_labels = npz.load_labels("y");
      CHECK(got == x);
      CHECK(got_labels == y);
      return true;
    } catch (const FormatError& error) {
      CHECK_THAT(error.path, StartsWith("x.npz"));
      return false;
    }
  };
  REQUIRE(reads(good));
  for (std::size_t length = 0; length < good.size(); ++length)
    CHECK_FALSE(reads(good.substr(0, length)));
  for (std::size_t at = 0; at < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit)
      reads(with(good, at, std::string(1, static_cast<char>(good[at] ^ (1 << bit)))));
}
