// SPDX-License-Identifier: MIT
// What can be wrong with an IDX file, plain and gzip'ed.
#include <string>

#include "kd/data/gzip.hpp"
#include "kd/data/idx.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/gzip.hpp"
#include "support/idx.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using namespace kd::test;

namespace {

struct Corrupt {
  std::string what;
  std::string content;
  std::uint64_t offset;
  std::string message;  ///< a part
};

std::string with_header(std::uint32_t magic, const std::vector<std::uint32_t>& dimensions,
                        std::size_t bytes) {
  return idx_header(magic, dimensions) + counting_bytes(bytes, 10);
}

std::vector<Corrupt> corrupt_images() {
  constexpr std::uint32_t most = 0xFFFFFFFF;
  return {
      {"empty", "", 0, "expected a header of 16 bytes, the file has 0"},
      {"one byte", std::string(1, '\0'), 1, "the file has 1"},
      {"magic number alone", big_endian(0x803), 4, "the file has 4"},
      {"header cut short", idx_images(2).substr(0, 15), 15, "the file has 15"},
      {"no pixels", idx_images(2).substr(0, 16), 4, ""},
      {"one pixel short", idx_images(500).substr(0, 3015), 4, ""},
      {"one pixel more", idx_images(2) + 'x', 28, "expected the end of the file after 2 samples"},
      {"twice", idx_images(2) + idx_images(2), 28, "expected the end of the file"},
      {"no samples", with_header(0x803, {0, 2, 3}, 6), 4, "expected samples"},
      {"no rows", with_header(0x803, {1, 0, 3}, 6), 8, "expected samples"},
      {"no columns", with_header(0x803, {1, 2, 0}, 6), 12, "expected samples"},
      {"a sample too many", with_header(0x803, {3, 2, 3}, 12), 4, ""},
      {"as many samples as can be", with_header(0x803, {most, 28, 28}, 100), 4, "need 33672"},
      {"larger than memory", with_header(0x803, {0x80000000, 0x7FFFFFFF, 2}, 100), 4,
       "need 9223372032559808528 bytes"},
      {"larger than 64 bits", with_header(0x803, {most, most, most}, 100), 4, "overflow"},
      {"0 in 64 bits", with_header(0x803, {0x80000000, 0x80000000, 4}, 100), 4, "overflow"},
      {"16 in 64 bits", with_header(0x803, {0x80000001, 0x80000000, 4}, 100), 4, "overflow"},
      {"dimensions reversed", with_header(0x803, {0x02000000, 2, 3}, 12), 4,
       "33554432 x 2 x 3 need 201326608 bytes"},
      {"labels", idx_labels(20), 0, "this is a file of labels"},
      {"reversed", with_header(0x03080000, {2, 2, 3}, 12), 0, "reverse order"},
      {"signed bytes", with_header(0x903, {2, 2, 3}, 12), 2, "type 0x09"},
      {"16-bit integers", with_header(0xB03, {1, 2, 3}, 12), 2, "type 0x0B"},
      {"32-bit integers", with_header(0xC03, {1, 2, 3}, 24), 2, "type 0x0C"},
      {"floats", with_header(0xD03, {1, 2, 3}, 24), 2, "type 0x0D"},
      {"doubles", with_header(0xE03, {1, 2, 3}, 48), 2, "type 0x0E"},
      {"no dimensions", with_header(0x800, {}, 20), 0, "no IDX file of images"},
      {"many dimensions", with_header(0x8FF, {1, 2, 3}, 6), 0, "255 dimensions"},
      {"zeros", std::string(100, '\0'), 0, "no IDX file of images"},
      {"text", std::string(100, 'a'), 0, "no IDX file of images"},
  };
}

std::vector<Corrupt> corrupt_labels() {
  return {
      {"empty", "", 0, "expected a header of 8 bytes, the file has 0"},
      {"header cut short", idx_labels(2).substr(0, 7), 7, "the file has 7"},
      {"columns cut short", idx_header(0xC02, {2, 8}).substr(0, 11), 11, "of 12 bytes"},
      {"no samples", with_header(0x801, {0}, 5), 4, "expected samples"},
      {"no columns", with_header(0xC02, {5, 0}, 5), 8, "expected samples"},
      {"one label short", idx_labels(5000).substr(0, 5007), 4, ""},
      {"one label more", idx_labels(5) + '\0', 13, "expected the end of the file"},
      {"integers cut short", qmnist_labels(300).substr(0, 9611), 4, ""},
      {"as many labels as can be", with_header(0x801, {0xFFFFFFFF}, 100), 4, "need 4294967303"},
      {"as many integers as can be", with_header(0xC02, {0xFFFFFFFF, 8}, 100), 4, "need 13743895"},
      {"larger than 64 bits", with_header(0xC02, {0xFFFFFFFF, 0xFFFFFFFF}, 100), 4, "overflow"},
      {"a label too large", idx_header(0x801, {2}) + "\1\12", 9, "expected 0 to 9, got 10"},
      {"images", idx_images(20), 0, "this is a file of images"},
      {"reversed", with_header(0x01080000, {5}, 5), 0, "reverse order"},
      {"floats", with_header(0xD01, {2}, 8), 2, "type 0x0D"},
      {"one-hot", with_header(0x802, {2, 10}, 20), 8, "got 10 columns of labels"},
  };
}

template <class Load>
void check_refusals(const std::vector<Corrupt>& all, Load load) {
  const TemporaryFolder folder;
  for (const Corrupt& corrupt : all) {
    INFO(corrupt.what);
    const std::size_t middle = corrupt.content.size() / 2;
    const std::string members =
        gzip(corrupt.content.substr(0, middle)) + gzip(corrupt.content.substr(middle));
    for (const std::string& stored : {corrupt.content, gzip(corrupt.content), members}) {
      const std::string path = folder.write("file", stored);
      const auto error = error_of<FormatError>([&] { load(path); });
      CHECK(error.path == path);
      CHECK_THAT(error.what(), ContainsSubstring(corrupt.message));
      // What a compressed file lacks shows only at its end.
      if (!corrupt.message.empty() || stored == corrupt.content)
        CHECK(error.offset == corrupt.offset);
      else
        CHECK_THAT(error.what(), ContainsSubstring("the file ends early"));
    }
  }
}

}  // namespace

TEST_CASE("corrupt files of images are refused", "[data][idx][gzip]") {
  check_refusals(corrupt_images(),
                 [](const std::string& path) { load_idx_images(path, GzipFiles{}); });
}

TEST_CASE("corrupt files of labels are refused", "[data][idx][gzip]") {
  check_refusals(corrupt_labels(),
                 [](const std::string& path) { load_idx_labels(path, GzipFiles{}, 10); });
}
