// SPDX-License-Identifier: MIT
#include "kd/files/open_file.hpp"

#include "kd/data/gzip.hpp"
#include "kd/data/idx.hpp"
#include "support/catch.hpp"
#include "support/idx.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using namespace kd::test;

TEST_CASE("a file is opened, also by a link", "[data][files]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("images", idx_images(4));
  std::string missing;
  CHECK(detail::open_file(path, missing) != nullptr);
  std::filesystem::create_symlink(path, folder.path("link"));
  CHECK(load_idx_images(folder.path("link")).cols() == 4);
}

TEST_CASE("what is not there, or a folder, is missing", "[data][files]") {
  const TemporaryFolder folder;
  std::string missing;
  CHECK(detail::open_file(folder.path("images"), missing) == nullptr);
  CHECK(missing == "No such file or directory");
  std::filesystem::create_symlink(folder.path("images"), folder.path("link"));
  CHECK_THROWS_AS(load_idx_images(folder.path("link")), MissingFile);
  CHECK_THROWS_AS(load_idx_images(folder.path()), MissingFile);
  CHECK_THROWS_AS(load_idx_images(""), MissingFile);
}

#if defined(__unix__) || defined(__APPLE__)

TEST_CASE("a pipe is refused at once, whether or not somebody writes to it", "[data][files]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("images");
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const std::string expected =
      path +
      ": expected a file, got a pipe, which does not say how much will come: write it to a "
      "file first";
  CHECK_THROWS_AS(load_idx_images(path), IoError);
  CHECK_THROWS_WITH(load_idx_images(path), expected);
  CHECK_THROWS_WITH(load_idx_labels(path, GzipFiles{}), expected);
}

TEST_CASE("a device is refused", "[data][files]") {
  CHECK_THROWS_WITH(load_idx_images("/dev/zero"),
                    StartsWith("/dev/zero: expected a file, got a device"));
  CHECK_THROWS_WITH(load_idx_images("/dev/null", GzipFiles{}),
                    StartsWith("/dev/null: expected a file, got a device"));
}

#endif
