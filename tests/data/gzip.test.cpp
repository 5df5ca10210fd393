// SPDX-License-Identifier: MIT
#include "kd/data/gzip.hpp"

#include "kd/data/idx.hpp"
#include "kd/data/mnist.hpp"
#include "support/catch.hpp"
#include "support/gzip.hpp"
#include "support/idx.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using namespace kd::test;

namespace {

Bytes load(const std::string& path) { return load_idx_images(path, GzipFiles{}); }

Bytes plain_images(std::uint32_t count) {
  const TemporaryFolder folder;
  return load_idx_images(folder.write("images", idx_images(count)));
}

}  // namespace

TEST_CASE("a compressed file reads as the plain one", "[data][gzip]") {
  const TemporaryFolder folder;
  const Bytes expected = plain_images(100'000);  // more than one buffer of either side
  folder.write("images.gz", gzip(idx_images(100'000)));
  CHECK(load(folder.path("images")) == expected);     // where there is only images.gz
  CHECK(load(folder.path("images.gz")) == expected);  // asked for by its whole name
  folder.write("images", gzip(idx_images(100'000)));  // compressed under a plain name
  CHECK(load(folder.path("images")) == expected);
}

TEST_CASE("a plain file comes before a compressed one", "[data][gzip]") {
  const TemporaryFolder folder;
  folder.write("images", idx_images(2));
  folder.write("images.gz", gzip(idx_images(5)));
  CHECK(load(folder.path("images")).cols() == 2);
}

TEST_CASE("a gzip file of several members is one file", "[data][gzip]") {
  const TemporaryFolder folder;
  const std::string whole = idx_images(50);
  folder.write("images.gz", gzip(whole.substr(0, 10)) + gzip("") + gzip(whole.substr(10)));
  CHECK(load(folder.path("images")) == plain_images(50));
}

TEST_CASE("neither the file nor a compressed one", "[data][gzip]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("images");
  CHECK_THROWS_AS(load(path), IoError);
  CHECK_THROWS_WITH(load(path),
                    path + ": No such file or directory, and no " + path + ".gz either");
  std::filesystem::create_directory(path);
  CHECK_THROWS_AS(load(path), MissingFile);
  CHECK_THROWS_WITH(load(path),
                    path + ": expected a file, got a folder, and no " + path + ".gz either");
  folder.write("images.gz", gzip(idx_images(3)));
  CHECK(load(path).cols() == 3);
}

TEST_CASE("the header of a compressed file is not believed beyond what deflate can do",
          "[data][gzip]") {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("images.gz", gzip(idx_header(0x803, {0x7FFFFFFF, 28, 28}) + counting_bytes(9)));
  const auto size = std::filesystem::file_size(path);
  CHECK_THROWS_AS(load(path), FormatError);
  CHECK_THROWS_WITH(load(path),
                    ContainsSubstring("this file has at most " + std::to_string(1032 * size)));

  // Within that bound, but not there.
  const std::string some = folder.write("some.gz", gzip(idx_header(0x803, {9, 4, 4})));
  CHECK_THROWS_WITH(load(some), EndsWith("byte 16: the file ends early: expected 144 more bytes"));
  // The most that deflate packs stays below the bound.
  const std::string zeros = idx_header(0x803, {5000, 28, 28}) + std::string(5000 * 28 * 28, '\0');
  CHECK(load(folder.write("zeros.gz", gzip(zeros))).cols() == 5000);
}

TEST_CASE("more content than samples is refused", "[data][gzip]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(load(folder.write("images.gz", gzip(idx_images(3) + "x"))),
                    ContainsSubstring("byte 34: expected the end of the file after 3 samples"));
}

TEST_CASE("a compressed file cut short at any byte is refused", "[data][gzip]") {
  const TemporaryFolder folder;
  const std::string packed = gzip(idx_images(3));
  for (std::size_t length = 0; length < packed.size(); ++length)
    CHECK_THROWS_AS(load(folder.write("images.gz", packed.substr(0, length))), FormatError);
  CHECK_THROWS_WITH(load(folder.write("images.gz", packed.substr(0, packed.size() - 1))),
                    EndsWith("byte " + std::to_string(packed.size() - 1) +
                             ": damaged gzip file: the file ends early"));
}

TEST_CASE("a compressed file with any bit changed is refused or reads the same", "[data][gzip]") {
  const TemporaryFolder folder;
  const Bytes expected = plain_images(3);
  const std::string packed = gzip(idx_images(3));
  int refusals = 0;
  for (std::size_t at = 0; at < packed.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = packed;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      folder.write("images.gz", changed);
      bool refused = false;
      Bytes images = expected;
      try {
        images = load(folder.path("images"));
      } catch (const FormatError&) {
        refused = true;
      }
      // A date or a system's name may change without harm.
      CHECK((refused || images == expected));
      refusals += refused ? 1 : 0;
    }
  }
  CHECK(refusals > 8 * 30);  // of everything but the ten bytes of the header at most
  std::string wrong_sum = packed;
  wrong_sum[packed.size() - 8] = static_cast<char>(wrong_sum[packed.size() - 8] ^ 1);
  CHECK_THROWS_WITH(load(folder.write("images.gz", wrong_sum)),
                    EndsWith("damaged gzip file: incorrect data check"));
}

TEST_CASE("padding behind the compressed data is skipped", "[data][gzip]") {
  const TemporaryFolder folder;
  const std::string packed = gzip(idx_images(3));
  const Bytes expected = plain_images(3);
  for (const std::string& padding :
       {std::string(1, '\0'), std::string(100'000, '\0'), std::string("\n"), std::string("\r\n")})
    CHECK(load(folder.write("images.gz", packed + padding)) == expected);
}

TEST_CASE("what else follows the compressed data is refused", "[data][gzip]") {
  const TemporaryFolder folder;
  const std::string packed = gzip(idx_images(3));
  for (const std::string& rest :
       {std::string("garbage"), "\n" + packed, std::string(70'000, '\0') + "x"}) {
    const std::string path = folder.write("images.gz", packed + rest);
    CHECK_THROWS_AS(load(path), FormatError);
    const std::size_t at = packed.size() + rest.find_first_not_of(std::string("\0\n", 2));
    CHECK_THROWS_WITH(load(path), path + ": byte " + std::to_string(at) +
                                      ": expected the end of the file behind the gzip data, got "
                                      "more bytes");
  }
  CHECK_THROWS_WITH(load(folder.write("images.gz", packed + "\x1F")),
                    EndsWith("damaged gzip file: the file ends early"));
}

TEST_CASE("a file that was compressed twice is told so", "[data][gzip]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(load(folder.write("images.gz", gzip(gzip(idx_images(3))))),
                    EndsWith(": this is gzip'ed twice: gunzip it once"));
}

TEST_CASE("the sample of MNIST in the repository is what its description says", "[data][gzip]") {
  const Dataset train = load_mnist(KD_SAMPLE_DIR, Split::train, GzipFiles{});
  const Dataset test = load_mnist(KD_SAMPLE_DIR, Split::test, GzipFiles{});
  CHECK(train.size() == 10'000);
  CHECK(test.size() == 2'000);
  CHECK(train.features() == 784);
  CHECK(test.features() == 784);
  CHECK((map(train.labels()).array() == 1).count() == 1137);
  CHECK((map(test.labels()).array() == 1).count() == 222);
  CHECK(train.inputs().maxCoeff() == 1);
  CHECK(train.inputs().cast<double>().mean() ==
        Approx(0.1307).epsilon(0.01));  // as of the full set
  CHECK_THROWS_WITH(load_mnist(KD_SAMPLE_DIR, Split::train), ContainsSubstring("kd::GzipFiles{}"));
}
