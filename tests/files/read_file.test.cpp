// SPDX-License-Identifier: MIT
#include "kd/files/read_file.hpp"

#include <filesystem>
#include <utility>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/idx.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using namespace kd::test;

namespace {

std::string text_of(const FileContent& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

}  // namespace

TEST_CASE("a file is read as a whole", "[files]") {
  const TemporaryFolder folder;
  for (const std::size_t size : {1u, 4095u, 4096u, 4097u, 1'000'003u}) {
    const std::string content = counting_bytes(size, 251);
    const std::string path = folder.write("file", content);
    const FileContent file(path);
    CHECK(file.path() == path);
    REQUIRE(file.bytes().size() == size);
    CHECK(text_of(file) == content);
  }
  const FileContent none(folder.write("none", ""));
  CHECK(none.bytes().empty());
  const FileContent lines(folder.write("lines", std::string("a\r\n\0\x1a\nb", 7)));
  CHECK(text_of(lines) == std::string("a\r\n\0\x1a\nb", 7));  // nothing is translated
}

TEST_CASE("what was read stays, whatever becomes of the file", "[files]") {
  const TemporaryFolder folder;
  FileContent file(folder.write("file", "before"));
  const auto bytes = file.bytes();
  folder.write("file", "after, and longer");
  std::filesystem::remove(folder.path("file"));
  CHECK(text_of(file) == "before");
  const FileContent moved = std::move(file);
  CHECK(moved.bytes().data() == bytes.data());
  CHECK(text_of(moved) == "before");
}

TEST_CASE("what cannot be read says why", "[files]") {
  const TemporaryFolder folder;
  const auto missing = error_of<MissingFile>([&] { FileContent{folder.path("none")}; });
  CHECK(missing.path == folder.path("none"));
  CHECK_THAT(missing.what(), EndsWith(": No such file or directory"));
  const auto within = error_of<MissingFile>([&] { FileContent{folder.write("file", "x") + "/y"}; });
  CHECK_THAT(within.what(), EndsWith(": Not a directory"));
  const auto is_folder = error_of<MissingFile>([&] { FileContent{folder.path()}; });
  CHECK_THAT(is_folder.what(), EndsWith(": expected a file, got a folder"));
  CHECK_THROWS_AS(FileContent(""), MissingFile);
}

#if defined(__unix__) || defined(__APPLE__)

TEST_CASE("what does not say how long it is, is not read", "[files]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(FileContent("/dev/zero"), ContainsSubstring("got a device"));
  const std::string pipe = folder.path("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(FileContent(pipe), ContainsSubstring("got a pipe"));
}

#endif

TEST_CASE("a file that memory does not hold says so", "[files]") {
  if (!counts_allocations()) return;
  const TemporaryFolder folder;
  const std::string path = folder.write("file", std::string(1'000'000, 'x'));
  const LimitAllocations limit(900'000);
  CHECK_THROWS_AS(FileContent(path), IoError);
  CHECK_THROWS_WITH(FileContent(path), path + ": not enough memory for its 1000000 bytes");
}

#if defined(__linux__)

TEST_CASE("a file that gives other bytes than its size says is no content", "[files]") {
  // Files of the kernel's say that they are a page long, whatever they hold.
  const char* const path = "/sys/kernel/mm/transparent_hugepage/enabled";
  if (!std::filesystem::exists(path) || std::filesystem::file_size(path) == 0) return;
  const auto error = error_of<IoError>([&] { FileContent{path}; });
  CHECK(error.path == path);
  CHECK_THAT(error.what(), ContainsSubstring("bytes, got ") && EndsWith("shortened meanwhile"));
}

#endif
