// SPDX-License-Identifier: MIT
#include "kd/data/idx.hpp"

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/idx.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using namespace kd::test;

namespace {

FormatError image_fault(const std::string& content) {
  const TemporaryFolder folder;
  const std::string path = folder.write("images", content);
  const auto error = error_of<FormatError>([&] { load_idx_images(path); });
  CHECK(error.path == path);
  CHECK_THAT(error.what(), StartsWith(path + ": byte " + std::to_string(error.offset) + ": "));
  return error;
}

FormatError label_fault(const std::string& content, Index classes = 256) {
  const TemporaryFolder folder;
  const std::string path = folder.write("labels", content);
  const auto error = error_of<FormatError>([&] { load_idx_labels(path, PlainFiles{}, classes); });
  CHECK(error.path == path);
  return error;
}

}  // namespace

TEST_CASE("an image is a column, its pixels row after row", "[data][idx]") {
  const TemporaryFolder folder;
  const Bytes images = load_idx_images(folder.write("images", idx_images(4)));
  REQUIRE(images.rows() == 6);
  REQUIRE(images.cols() == 4);
  for (Index i = 0; i < images.size(); ++i) CHECK(images(i % 6, i / 6) == i);
}

TEST_CASE("labels are read whatever their number", "[data][idx]") {
  const TemporaryFolder folder;
  for (const std::uint32_t count : {1U, 4095U, 4096U, 4097U, 10'000U}) {
    const Labels labels = load_idx_labels(folder.write("labels", idx_labels(count)));
    REQUIRE(labels.size() == static_cast<Index>(count));
    for (Index i = 0; i < labels.size(); ++i) REQUIRE(labels(i) == i % 10);
  }
}

TEST_CASE("a file that cannot be read is an IoError with the system's words", "[data][idx]") {
  const TemporaryFolder folder;
  const std::string missing = folder.path("images");
  const auto error = error_of<IoError>([&] { load_idx_images(missing); });
  CHECK(error.path == missing);
  CHECK(std::string(error.what()) == missing + ": No such file or directory");

  CHECK_THROWS_AS(load_idx_images(missing), MissingFile);
  CHECK_THROWS_WITH(load_idx_images(folder.path()),
                    folder.path() + ": expected a file, got a folder");
  CHECK_THROWS_WITH(load_idx_images(folder.write("file", "") + "/images"),
                    folder.path("file/images") + ": Not a directory");

  const std::string packed = folder.write("labels.gz", "whatever");
  CHECK_THROWS_WITH(load_idx_labels(folder.path("labels")),
                    ContainsSubstring("but there is " + packed + ": gunzip it") &&
                        ContainsSubstring("kd::GzipFiles{}") && ContainsSubstring("kd::zlib"));
}

TEST_CASE("another magic number is named, with what it may mean", "[data][idx]") {
  struct Fault {
    std::string start;
    std::uint64_t offset;
    std::string text;
  };
  const std::string rest = counting_bytes(30);
  for (const Fault& fault : {
           Fault{big_endian(0x801), 0,
                 "expected magic number 0x00000803 (images), got 0x00000801: this is a file of "
                 "labels"},
           Fault{big_endian(0x03080000), 0, "got 0x03080000: the bytes are in reverse order"},
           Fault{"\x1F\x8B\x08", 0, "this is gzip'ed: gunzip it, or load it with kd::GzipFiles"},
           Fault{big_endian(0xD03), 2, "got 0x00000D03: elements of type 0x0D are not supported"},
           Fault{big_endian(0x802), 0,
                 "got 0x00000802: these bytes have 2 dimensions, expected samples, rows and "
                 "columns"},
           Fault{big_endian(0xC02), 0, "got 0x00000C02: this is a file of labels"},
           Fault{"P5 1", 0, "got 0x50352031: this is no IDX file of images"},
           Fault{"\x89PNG", 0, "got 0x89504E47: this is a picture"},
           Fault{"PK\x03\x04", 0, "this is a zip archive, as .npz and PyTorch's .pt are"},
           Fault{"\3757zXZ", 0, "compressed by xz: unxz it"},
           Fault{"BZh9", 0, "compressed by bzip2"},
           Fault{"\x28\xB5\x2F\xFD", 0, "compressed by zstd"},
           Fault{"\x93NUMPY", 0, "a NumPy array"},
           Fault{"\x89HDF", 0, "an HDF5 file"},
           Fault{"\x80\x02}q", 0, "a Python pickle"},
           Fault{"<!DOCTYPE html>", 0, "a web page: the download failed"},
           Fault{"version https://git-lfs", 0, "a pointer of Git LFS"},
       }) {
    const FormatError error = image_fault(fault.start + rest);
    CHECK(error.offset == fault.offset);
    CHECK_THAT(error.what(), ContainsSubstring(fault.text));
  }
  CHECK_THAT(label_fault(big_endian(0xD01) + rest).what(),
             EndsWith("elements of type 0x0D are not supported, only 0x08, unsigned bytes, and "
                      "0x0C, 32-bit integers"));
  CHECK_THAT(label_fault(idx_images(4)).what(),
             ContainsSubstring("expected magic number 0x00000801 (labels), got 0x00000803: this is "
                               "a file of images"));
}

TEST_CASE("a short header says how much is there", "[data][idx]") {
  const FormatError empty = image_fault("");
  CHECK(empty.offset == 0);
  CHECK_THAT(empty.what(), EndsWith("expected a header of 16 bytes, the file has 0"));
  const FormatError cut = image_fault(idx_images(4).substr(0, 15));
  CHECK(cut.offset == 15);
  CHECK_THAT(cut.what(), EndsWith("expected a header of 16 bytes, the file has 15"));
  CHECK_THAT(label_fault(idx_labels(4).substr(0, 4)).what(),
             EndsWith("expected a header of 8 bytes, the file has 4"));
}

TEST_CASE("a file cut short at any byte is refused", "[data][idx]") {
  const TemporaryFolder folder;
  const std::string images = idx_images(3);
  for (std::size_t length = 0; length < images.size(); ++length) {
    const std::string path = folder.write("images", images.substr(0, length));
    CHECK_THROWS_AS(load_idx_images(path), FormatError);
  }
  const std::string labels = idx_labels(7);
  for (std::size_t length = 0; length < labels.size(); ++length) {
    const std::string path = folder.write("labels", labels.substr(0, length));
    CHECK_THROWS_AS(load_idx_labels(path), FormatError);
  }
  CHECK_THAT(image_fault(images.substr(0, 20)).what(),
             EndsWith("the dimensions 3 x 2 x 3 need 34 bytes, but this file has at most 20: it is "
                      "cut short or "
                      "damaged"));
}

TEST_CASE("bytes behind the last sample are refused", "[data][idx]") {
  const FormatError images = image_fault(idx_images(3) + '\0');
  CHECK(images.offset == 34);
  CHECK_THAT(images.what(), ContainsSubstring("expected the end of the file after 3 samples"));
  CHECK(label_fault(idx_labels(7) + "x").offset == 15);
}

TEST_CASE("dimensions are compared with the file before they are believed", "[data][idx]") {
  const FormatError overflow =
      image_fault(idx_header(0x803, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}) + counting_bytes(100));
  CHECK(overflow.offset == 4);
  CHECK_THAT(overflow.what(),
             EndsWith("the dimensions 4294967295 x 4294967295 x 4294967295 overflow"));
  // These wrap to 0 and to 16 in 64 bits.
  CHECK_THAT(image_fault(idx_header(0x803, {0x80000000, 0x80000000, 4})).what(),
             EndsWith("overflow"));
  CHECK_THAT(image_fault(idx_header(0x803, {0x80000000, 0x7FFFFFFF, 2})).what(),
             ContainsSubstring("need 9223372032559808528 bytes, but this file has at most 16:"));
  CHECK_THAT(label_fault(idx_header(0x801, {0xFFFFFFFF})).what(),
             ContainsSubstring("need 4294967303 bytes, but this file has at most 8:"));
}

TEST_CASE("a file without samples is refused", "[data][idx]") {
  CHECK_THAT(label_fault(idx_header(0x801, {0})).what(),
             EndsWith("expected samples, got the dimensions 0"));
  const FormatError no_columns = image_fault(idx_header(0x803, {5, 28, 0}));
  CHECK(no_columns.offset == 12);
  CHECK_THAT(no_columns.what(), EndsWith("expected samples, got the dimensions 5 x 28 x 0"));
}

TEST_CASE("a label outside the classes is named with its place", "[data][idx]") {
  std::string labels = idx_labels(5000);
  labels[8 + 4321] = 10;
  const FormatError error = label_fault(labels, 10);
  CHECK(error.offset == 8 + 4321);
  CHECK_THAT(error.what(), EndsWith("label of sample 4321: expected 0 to 9, got 10"));
}

TEST_CASE("labels that look 1-based are told so", "[data][idx]") {
  std::string labels = idx_header(0x801, {26});
  for (char letter = 1; letter <= 26; ++letter) labels += letter;
  const FormatError error = label_fault(labels, 26);
  CHECK(error.offset == 8 + 25);
  CHECK_THAT(error.what(), EndsWith("label of sample 25: expected 0 to 25, got 26 (the labels run "
                                    "from 1 to 26: they look 1-based; subtract 1)"));
}

TEST_CASE("labels may be 32-bit integers", "[data][idx]") {
  const TemporaryFolder folder;
  const std::string header = idx_header(0xC01, {3});
  const auto integers = [](std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return big_endian(a) + big_endian(b) + big_endian(c);
  };
  CHECK(load_idx_labels(folder.write("labels", header + integers(3, 200, 0))) ==
        Labels{{3, 200, 0}});
  CHECK(load_idx_labels(folder.write("labels", header + integers(3, 70'000, 0)), PlainFiles{},
                        100'000) == Labels{{3, 70'000, 0}});
  const FormatError large = label_fault(header + integers(3, 0, 256));
  CHECK(large.offset == 8 + 8);
  CHECK_THAT(large.what(), EndsWith("label of sample 2: expected 0 to 255, got 256"));
  CHECK_THAT(label_fault(header + integers(3, 0xFFFFFFFF, 1)).what(),
             ContainsSubstring("label of sample 1: expected 0 to 255, got -1 (negative label"));
  CHECK_THAT(label_fault(header + integers(3, 2, 1).substr(1)).what(),
             ContainsSubstring("the dimensions 3 need 20 bytes, but this file has at most 19"));
  CHECK_THAT(label_fault(header + integers(3, 2, 1) + "x").what(),
             EndsWith("after 3 samples of 4 bytes, got more bytes"));
}

TEST_CASE("QMNIST's labels begin with the class", "[data][idx]") {
  const TemporaryFolder folder;
  for (const std::uint32_t count : {3U, 128U, 129U, 1000U}) {
    const Labels labels = load_idx_labels(folder.write("labels", qmnist_labels(count)));
    REQUIRE(labels.size() == static_cast<Index>(count));
    for (Index i = 0; i < labels.size(); ++i) REQUIRE(labels(i) == i % 10);
  }
  std::string bad = qmnist_labels(300);
  bad[12 + 32 * 222 + 3] = 10;
  CHECK(label_fault(bad, 10).offset == 12 + 32 * 222);
}

TEST_CASE("labels in other columns are refused", "[data][idx]") {
  const TemporaryFolder folder;
  CHECK(load_idx_labels(folder.write("labels", idx_header(0x802, {5, 1}) + counting_bytes(5)))(4) ==
        4);
  const FormatError one_hot = label_fault(idx_header(0x802, {5, 8}) + counting_bytes(40));
  CHECK(one_hot.offset == 8);
  CHECK_THAT(one_hot.what(), EndsWith("expected one class a sample, got 8 columns of labels; if "
                                      "they are one-hot, store the place of the one"));
  CHECK(label_fault(idx_header(0xC02, {1, 10}) + counting_bytes(40)).offset == 8);
}
