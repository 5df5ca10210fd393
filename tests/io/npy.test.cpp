// SPDX-License-Identifier: MIT
#include "kd/io/npy.hpp"

#include <cstring>
#include <limits>
#include <string>

#include "kd/io/npy_array.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using kd::test::TemporaryFolder;

namespace {

std::string golden_file(const std::string& name) { return KD_GOLDEN_DIR "/io/" + name + ".npy"; }

std::string file_of(const std::string& header, std::size_t data, char version = 1) {
  std::string file("\x93NUMPY", 6);
  file += version;
  file += '\0';
  file += static_cast<char>(header.size() & 0xffu);
  file += static_cast<char>(header.size() >> 8u);
  if (version > 1) file += std::string(2, '\0');
  return file + header + std::string(data, '\0');
}

std::string complaint(const std::string& file) {
  try {
    parse_npy(std::as_bytes(std::span(file.data(), file.size())), "x.npy");
  } catch (const FormatError& error) {
    CHECK(error.offset <= file.size());
    return error.what();
  }
  return "";
}

const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }\n";

}  // namespace

TEST_CASE("numbers of any type, order and layout are one column a sample", "[io][npy]") {
  const Matrix<double> expected{{0, 4, 8}, {1, 5, 9}, {2, 6, 10}, {3, 7, 11}};
  for (const std::string name : {"u1", "i1", "u2", "big_i2", "u4", "big_i4", "i8", "big_u8", "f2",
                                 "big_f2", "f4", "big_f4", "f8", "big_f8", "fortran", "cube"}) {
    INFO(name);
    CHECK(load_npy<double>(golden_file(name)) == expected);
    CHECK(load_npy<float>(golden_file(name)) == expected.cast<float>());
    CHECK(load_npy<Label>(golden_file(name)) == expected.cast<Label>());
    CHECK(load_npy<std::uint8_t>(golden_file(name)) == expected.cast<std::uint8_t>());
  }
  CHECK(load_npy<float>(golden_file("b1"))(1, 2) == 1);
  CHECK(load_npy<float>(golden_file("b1"))(2, 2) == 0);
  CHECK(load_npy<Label>(golden_file("vector")).rows() == 1);
  CHECK(load_npy<Label>(golden_file("vector")).cols() == 12);
  CHECK(load_npy<float>(golden_file("scalar")) == Matrix<float>{{7}});
  CHECK(load_npy<float>(golden_file("empty")).rows() == 4);
  CHECK(load_npy<float>(golden_file("empty")).cols() == 0);
}

TEST_CASE("half precision is read to the last denormal", "[io][npy]") {
  const Matrix<float> got = load_npy<float>(golden_file("halves"));
  constexpr float inf = std::numeric_limits<float>::infinity();
  CHECK(got == Matrix<float>{{0, -0.F, 1, -2, 65504, 0x1p-24F, -0x1p-15F, inf, -inf}});
  CHECK(std::signbit(got(1)));
}

TEST_CASE("labels must be whole and fit", "[io][npy]") {
  CHECK_THROWS_AS(load_npy<Label>(golden_file("halves")), DataError);
  CHECK_THROWS_AS(load_npy<std::uint8_t>(golden_file("halves")), DataError);
  CHECK_THROWS_WITH(load_npy<Label>(golden_file("logits_f64")),
                    ContainsSubstring("a whole number that 32 bits hold"));
}

TEST_CASE("whole numbers are read up to the ends of their type", "[io][npy]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("x.npy");
  const auto fits = [&]<class To, class From>(To, From number) {
    save_npy(Matrix<From>{{number}}, path);
    try {
      return load_npy<To>(path)(0) == static_cast<To>(number);
    } catch (const DataError&) {
      return false;
    }
  };
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  CHECK(fits(std::int64_t{}, least));
  CHECK(fits(std::int64_t{}, most));
  CHECK(fits(std::int64_t{}, -0x1p63));
  CHECK_FALSE(fits(std::int64_t{}, 0x1p63));
  CHECK_FALSE(fits(std::int64_t{}, std::uint64_t{1} << 63));
  CHECK(fits(std::uint64_t{}, std::numeric_limits<std::uint64_t>::max()));
  CHECK(fits(std::uint64_t{}, 0x1p63));
  CHECK_FALSE(fits(std::uint64_t{}, 0x1p64));
  CHECK_FALSE(fits(std::uint64_t{}, -1));
  CHECK(fits(std::int8_t{}, 127));
  CHECK_FALSE(fits(std::int8_t{}, 128));
  CHECK(fits(std::int8_t{}, -128.0));
  CHECK_FALSE(fits(std::int8_t{}, -129));
  CHECK_FALSE(fits(std::int8_t{}, std::numeric_limits<float>::quiet_NaN()));
}

TEST_CASE("an array that is written is read again", "[io][npy]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.npy";
  const Matrix<float> x{{1, 2, 3}, {4, 5, 6}};
  save_npy(x, path);
  CHECK(load_npy<float>(path) == x);
  const FileContent file(path);
  const NpyArray array = parse_npy(file.bytes(), path);
  CHECK(array.shape == std::vector<std::uint64_t>{3, 2});
  CHECK((array.bytes.data() - file.bytes().data()) % 64 == 0);
  save_npy(x.row(1) * 2, path);
  CHECK(load_npy<double>(path) == Matrix<double>{{8, 10, 12}});
  const Labels labels{{3, 1, 2}};
  save_npy(view(labels), path);
  CHECK(load_npy<Label>(path) == Matrix<Label>{{3, 1, 2}});
  const FileContent other(path);
  CHECK(parse_npy(other.bytes(), path).shape == std::vector<std::uint64_t>{3});
}

TEST_CASE("headers may be spelt otherwise", "[io][npy]") {
  CHECK(complaint(file_of(good, 24)).empty());
  CHECK(complaint(file_of(good, 24, 2)).empty());
  CHECK(
      complaint(file_of(R"( { "shape":(3,2) ,"fortran_order" :True,'descr':">i4"} )", 24)).empty());
  CHECK(complaint(file_of("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", 1)).empty());
}

TEST_CASE("what is wrong in an array is named", "[io][npy]") {
  const auto with = [](const std::string& descr, const std::string& shape) {
    return "{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + "}";
  };
  const struct {
    std::string file;
    const char* says;
  } cases[] = {
      {"", "something else"},
      {"\x1f\x8b and so on", "gunzip"},
      {file_of(good, 24, 9), "got 9.0"},
      {file_of(good, 23), "expected 24 bytes for the numbers, got 23"},
      {file_of(good, 25), "1 more bytes"},
      {file_of(with("'|O'", "(1,)"), 8), "pickled objects"},
      {file_of(with("[('a', '<f4')]", "(1,)"), 4), "structured"},
      {file_of(with("'<c8'", "(1,)"), 8), "<c8"},
      {file_of(with("''", "(1,)"), 8), "the type '' are none"},
      {file_of(with("'|f4'", "(1,)"), 4), "|f4"},
      {file_of(with("'<f4'", "(-1,)"), 4), "an extent"},
      {file_of(with("'<f4'", "(abc,)"), 4), "an extent"},
      {file_of(with("'<f4'", "(2.0,)"), 8), "expected )"},
      {file_of(with("'<f4'", "(1000000000000000000000000000000,)"), 4), "an extent"},
      {file_of(with("'<f4'", "(4294967296, 4294967296)"), 16), "larger than any file"},
      {file_of(with("'<f4'", "(" + std::string(66, '1').replace(0, 0, "") + ")"), 4), "an extent"},
      {file_of("{'descr': '<f4', 'shape': (1,)}", 4), "got fewer"},
      {file_of("{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", 4), "twice"},
      {file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", 4), "got 'x'"},
      {file_of("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", 4), "True or False"},
      {file_of(with("'<f4'", "(1,)") + " x", 4), "the end of the header"},
  };
  for (const auto& [file, says] : cases) CHECK_THAT(complaint(file), ContainsSubstring(says));
  std::string many = "(";
  for (int i = 0; i < 33; ++i) many += "1,";
  CHECK_THAT(complaint(file_of(with("'<f4'", many + ")"), 4)), ContainsSubstring("at most 32"));
  const std::string huge("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12);
  CHECK_THAT(complaint(huge), ContainsSubstring("at most 65536"));
  CHECK_THROWS_WITH(load_npy<float>(golden_file("objects")), ContainsSubstring("pickled objects"));
}

TEST_CASE("no change of an array's file does harm", "[io][npy]") {
  const std::string file = file_of(good, 24);
  for (std::size_t length = 0; length < file.size(); ++length)
    CHECK_FALSE(complaint(file.substr(0, length)).empty());
  for (std::size_t at = 0; at < file.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = file;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      complaint(changed);
    }
}
