// SPDX-License-Identifier: MIT
#include "support/npy.hpp"

#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/temporary_folder.hpp"

namespace {

using kd::test::load_npy;
using kd::test::TemporaryFolder;

std::string header(const std::string& dictionary) {
  const std::string padded = dictionary + std::string(117 - dictionary.size(), ' ') + '\n';
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + padded;
}

std::string doubles(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const double value = static_cast<double>(i) + 0.5;
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

const std::string two_by_three = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }";

}  // namespace

TEST_CASE("an .npy file is read", "[support]") {
  const TemporaryFolder folder;
  const xt::xarray<double> array =
      load_npy<double>(folder.write("two_by_three.npy", header(two_by_three) + doubles(6)));
  REQUIRE(array.dimension() == 2);
  CHECK(array.shape()[0] == 2);
  CHECK(array.shape()[1] == 3);
  CHECK(array(0, 0) == 0.5);
  CHECK(array(1, 0) == 3.5);

  const std::string flat = header("{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }");
  CHECK(load_npy<double>(folder.write("flat.npy", flat + doubles(4))).dimension() == 1);
  const std::string scalar = header("{'descr': '<f8', 'fortran_order': False, 'shape': (), }");
  CHECK(load_npy<double>(folder.write("scalar.npy", scalar + doubles(1))).size() == 1);
  const std::string bytes = header("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }");
  CHECK(load_npy<std::uint8_t>(folder.write("bytes.npy", bytes + "abc"))(2) == 'c');
}

TEST_CASE("an .npy file that is not as it says is refused", "[support]") {
  const TemporaryFolder folder;
  const auto load = [&](const std::string& content) {
    load_npy<double>(folder.write("file.npy", content));
  };
  const std::string whole = header(two_by_three) + doubles(6);

  SECTION("truncated anywhere") {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      INFO("the first " << size << " bytes");
      CHECK_THROWS_AS(load(whole.substr(0, size)), kd::FormatError);
    }
    CHECK_THROWS_WITH(load(whole.substr(0, whole.size() - 1)),
                      ContainsSubstring("byte 128: expected 48 bytes of numbers, got 47"));
  }
  SECTION("trailing bytes") {
    CHECK_THROWS_WITH(load(whole + '\0'),
                      ContainsSubstring("byte 128: expected 48 bytes of numbers, got 49"));
  }
  SECTION("a size that overflows") {
    CHECK_THROWS_WITH(
        load(header("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,), }")),
        ContainsSubstring("does not fit 64 bits"));
    CHECK_THROWS_WITH(load(header("{'descr': '<f8', 'fortran_order': False, "
                                  "'shape': (4294967296, 4294967296), }")),
                      ContainsSubstring("does not fit 64 bits"));
    CHECK_THROWS_WITH(load(header("{'descr': '<f8', 'fortran_order': False, "
                                  "'shape': (18446744073709551616,), }")),
                      ContainsSubstring("does not fit 64 bits"));
  }
  SECTION("another type") {
    CHECK_THROWS_WITH(
        load(header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }") + doubles(3)),
        ContainsSubstring("byte 21: expected numbers of type <f8"));
    CHECK_THROWS_WITH(
        load(header("{'descr': '>f8', 'fortran_order': False, 'shape': (2, 3), }") + doubles(6)),
        ContainsSubstring("byte 21: expected numbers of type <f8"));
  }
  SECTION("column-major") {
    CHECK_THROWS_WITH(
        load(header("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }") + doubles(6)),
        ContainsSubstring("byte 44: expected False: row-major"));
  }
  SECTION("another file") {
    CHECK_THROWS_WITH(load("PK\x03\x04" + whole), ContainsSubstring("byte 0: expected an .npy"));
    std::string newer = whole;
    newer[6] = '\x02';
    CHECK_THROWS_WITH(load(newer), ContainsSubstring("byte 0: expected an .npy file of version 1"));
    std::string longer = whole;
    longer[8] = '\x86';
    CHECK_THROWS_WITH(load(longer), ContainsSubstring("more than xtensor reads"));
    CHECK_THROWS_WITH(load(header("{'fortran_order': False, 'descr': '<f8', 'shape': (6,), }")),
                      ContainsSubstring("byte 10: expected a dictionary"));
    CHECK_THROWS_WITH(load(header("{'descr': '<f8', 'fortran_order': False, 'shape': (-6,), }")),
                      ContainsSubstring("expected a size"));
  }
  SECTION("no file") { CHECK_THROWS_AS(load_npy<double>("no_such_file.npy"), kd::IoError); }
}

TEST_CASE("golden numbers have one column a sample", "[support]") {
  const kd::Matrix<double> logits = kd::test::golden("cross_entropy/random_logits");
  CHECK(logits.rows() == 10);
  CHECK(logits.cols() == 6);
  CHECK(kd::test::golden_labels("cross_entropy/random_labels").size() == 6);
  const kd::Matrix<double> swept = kd::test::golden("kl_divergence/random_gradient");
  CHECK(swept.cols() == 4);
  CHECK(kd::test::entry(swept, 0, 10).cols() == 6);
}

TEST_CASE("relative_distance sees what differs", "[support]") {
  const kd::Vector<double> a = kd::Vector<double>::Constant(2, 1.);
  kd::Vector<double> b = a;
  CHECK(kd::test::relative_distance(a, b, 1e-7) == 0);
  b(1) = 1.25;
  CHECK(kd::test::relative_distance(a, b, 1e-7) == Approx(0.2));
  b(0) = std::nan("");
  CHECK(kd::test::relative_distance(a, b, 1e-7) == std::numeric_limits<double>::infinity());
  CHECK_THROWS_AS(kd::test::relative_distance(a, b.head(1), 1e-7), kd::ShapeError);
}
