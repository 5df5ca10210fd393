// SPDX-License-Identifier: MIT
#include "kd/io/safetensors.hpp"

#include <cstring>
#include <string>

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using kd::test::error_of;
using kd::test::TemporaryFolder;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// A file of this header and so many bytes of data.
std::string file_of(const std::string& header, std::size_t data) {
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof length);
  return file + header + std::string(data, '\1');
}

std::string complaint(const std::string& file) {
  try {
    parse_safetensors(bytes_of(file), "x.safetensors");
  } catch (const FormatError& error) {
    CHECK(error.path == "x.safetensors");
    CHECK(error.offset <= file.size());
    return error.what();
  }
  return "";
}

const std::string two =
    R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[1,3],"data_offsets":[8,11]}})";

}  // namespace

TEST_CASE("a safetensors file is its tensors and metadata", "[io][safetensors]") {
  const std::string file = file_of(
      R"({"__metadata__":{"k":"v"},)" + two.substr(1, two.size() - 2) +
          R"(,"none":{"dtype":"F64","shape":[0,5],"data_offsets":[8,8]},"one":{"dtype":"I8","shape":[],"data_offsets":[11,12]}}  )",
      12);
  const Safetensors content = parse_safetensors(bytes_of(file), "x");
  CHECK(content.metadata == std::map<std::string, std::string>{{"k", "v"}});
  REQUIRE(content.tensors.size() == 4);
  CHECK(content.tensors.at("a").type == NumberType::f32);
  CHECK(content.tensors.at("a").size() == 2);
  CHECK(content.tensors.at("b").shape == std::vector<std::uint64_t>{1, 3});
  CHECK(content.tensors.at("b").bytes.size() == 3);
  CHECK(content.tensors.at("none").size() == 0);
  CHECK(content.tensors.at("one").size() == 1);
}

TEST_CASE("a safetensors file that is written is read again", "[io][safetensors]") {
  const TemporaryFolder folder;
  const std::vector<float> a{1, 2, 3};
  const std::vector<double> b{4};
  Safetensors content;
  content.metadata["who"] = "\"kd\"\n";
  content.tensors["z"] = {NumberType::f32, {3, 1}, std::as_bytes(std::span(a))};
  content.tensors["y"] = {NumberType::f64, {}, std::as_bytes(std::span(b))};
  save_safetensors(content, folder.path() + "/x.safetensors");
  const FileContent file(folder.path() + "/x.safetensors");
  const Safetensors read = parse_safetensors(file.bytes(), file.path());
  CHECK(read.metadata == content.metadata);
  REQUIRE(read.tensors.size() == 2);
  CHECK(read.tensors.at("z").shape == content.tensors["z"].shape);
  CHECK(std::memcmp(read.tensors.at("z").bytes.data(), a.data(), 12) == 0);
  CHECK(std::memcmp(read.tensors.at("y").bytes.data(), b.data(), 8) == 0);
  // The widest come first and the data begins on 8 bytes, so that all are aligned.
  CHECK((read.tensors.at("y").bytes.data() - file.bytes().data()) % 8 == 0);
}

TEST_CASE("what is wrong in a safetensors file is named", "[io][safetensors]") {
  const auto entry = [](const std::string& rest) { return R"({"a":{)" + rest + "}}"; };
  const struct {
    std::string file;
    const char* says;
  } cases[] = {
      {"", "at least 8 bytes, got 0"},
      {file_of("", 0), "begins with {"},
      {file_of("[]", 0), "begins with {"},
      {std::string(8, '\xff') + "{}", "no safetensors file"},
      {std::string("\x80", 1) + std::string(7, '\0') + "{}", "no safetensors file"},
      {file_of("{\"a\":", 0), "no JSON"},
      {file_of("{} x", 0), "no JSON"},
      {file_of(R"({"a":1e999})", 0), "number overflow"},
      {file_of("{\"a\xff\":1}", 0), "no JSON"},
      {file_of(R"({"a":[[[[[[[[[]]]]]]]]]})", 0), "nested"},
      {file_of(R"({"a":1,"a":1})", 0), "twice"},
      {file_of(entry(R"("dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1])"), 1), "twice"},
      {file_of(R"({"__metadata__":{"k":1}})", 0), "expected a text"},
      {file_of(entry(R"("dtype":"U8","shape":[])"), 0), "and nothing else"},
      {file_of(entry(R"("dtype":"C64","shape":[1],"data_offsets":[0,8])"), 8), "C64"},
      {file_of(entry(R"("dtype":"U8","shape":[1e3],"data_offsets":[0,1])"), 1), "expected a size"},
      {file_of(entry(R"("dtype":"U8","shape":[-1],"data_offsets":[0,1])"), 1), "expected a size"},
      {file_of(entry(R"("dtype":"U8","shape":[-0],"data_offsets":[0,0])"), 0), "expected a size"},
      {file_of(entry(R"("dtype":"U8","shape":[2.0],"data_offsets":[0,2])"), 2), "expected a size"},
      {file_of(entry(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16])"), 16),
       "larger than any file"},
      {file_of(entry(R"("dtype":"U8","shape":[2],"data_offsets":[2,0])"), 2), "within the 2 bytes"},
      {file_of(entry(R"("dtype":"U8","shape":[3],"data_offsets":[0,3])"), 2), "within the 2 bytes"},
      {file_of(entry(R"("dtype":"U8","shape":[1],"data_offsets":[0,2])"), 2), "expected 1 bytes"},
      {file_of(entry(R"("dtype":"U8","shape":[1],"data_offsets":[1,2])"), 2), "begin at 0"},
      {file_of(two, 12), "1 more bytes"},
      {file_of(
           R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
           2),
       "overlaps"},
      {file_of(
           R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
           3),
       "expected to begin at 2"},
      {"PK\x03\x04 and so on", "safetensors.torch.save_file"},
      {"\x89HDF and so on", "HDF5"},
  };
  for (const auto& [file, says] : cases) CHECK_THAT(complaint(file), ContainsSubstring(says));
}

TEST_CASE("a header may be as long as another format's first bytes say", "[io][safetensors]") {
  for (const std::size_t length : {0x280u, 0x480u, 0x8b1fu}) {  // two pickles and a gzip file
    const std::string padding(length - two.size(), ' ');
    CHECK(complaint(file_of(two + padding, 11)).empty());
  }
  CHECK_THAT(complaint("\x80\x02\x8a\nl\xfc\x9c" + std::string(99, 'x')),
             ContainsSubstring("a Python pickle"));
}

TEST_CASE("tensors that no file can hold are refused before one is written", "[io][safetensors]") {
  const TemporaryFolder folder;
  const auto refusal = [&](const Safetensors& content) {
    const auto error =
        error_of<ConfigError>([&] { save_safetensors(content, folder.path("x.safetensors")); });
    CHECK(std::filesystem::is_empty(folder.path()));
    return std::string(error.what());
  };
  Safetensors content;
  content.tensors["\xff"] = {NumberType::f32, {0}, {}};
  CHECK_THAT(refusal(content), ContainsSubstring("UTF-8"));
  content.tensors.clear();
  content.metadata["key"] = "\xc3";
  CHECK_THAT(refusal(content), ContainsSubstring("UTF-8"));
  content.metadata.clear();
  content.tensors["__metadata__"] = {NumberType::f32, {0}, {}};
  CHECK_THAT(refusal(content), ContainsSubstring("may be called __metadata__"));
}

TEST_CASE("no change of a safetensors file does harm", "[io][safetensors]") {
  const std::string file = file_of(two, 11);
  REQUIRE(complaint(file).empty());
  for (std::size_t length = 0; length < file.size(); ++length)
    CHECK_FALSE(complaint(file.substr(0, length)).empty());
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = file;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      complaint(changed);  // another name or type of that size is a file, too
    }
  }
}
