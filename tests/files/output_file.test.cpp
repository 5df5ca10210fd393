// SPDX-License-Identifier: MIT
//
// The file that programs write their results to: as a whole or not at all.

#include "kd/files/output_file.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <kd/core/error.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/failing_calls.hpp"
#include "support/temporary_folder.hpp"

using kd::OutputFile;
using namespace kd::test;
namespace fs = std::filesystem;

namespace {

/// The files of a folder with what is in them; of links where they lead.
std::map<std::string, std::string> content(const TemporaryFolder& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    const std::string name = entry.path().filename().string();
    if (entry.is_symlink()) {
      all[name] = "-> " + fs::read_symlink(entry.path()).string();
    } else {
      all[name] = entry.is_regular_file() ? folder.read(name) : "";
    }
  }
  return all;
}

std::ptrdiff_t open_files() {
  return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
}

mode_t mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777U;
}

std::string refusal(const std::string& path) {
  try {
    const OutputFile file(path);
  } catch (const kd::IoError& error) {
    CHECK(error.path == path);
    return error.what();
  }
  return "";
}

/// Writes behind a name that may be a pipe, on which an open without a reader would wait.
void write_to(const std::string& path, const std::string& text) { OutputFile(path).write(text); }

using Content = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("an output file is written as a whole", "[output_file]") {
  const TemporaryFolder folder;
  OutputFile file(folder.path("x"));
  CHECK(content(folder).empty());  // nothing until then
  const std::array<std::string_view, 3> parts{"one ", "", "two"};
  file.write(parts);
  CHECK(content(folder) == Content{{"x", "one two"}});
  file.write("three");  // again, and shorter
  CHECK(content(folder) == Content{{"x", "three"}});
  file.write("");
  CHECK(content(folder) == Content{{"x", ""}});
  const std::string large(3'000'000, 'a');
  OutputFile moved(std::move(file));
  moved.write(large);
  CHECK(folder.read("x") == large);
}

TEST_CASE("what lies beside an output file stays", "[output_file]") {
  const TemporaryFolder folder;
  folder.write("x", "old");
  folder.write("x.part", "mine");
  folder.write("x.tmp", "mine, too");
  fs::create_directory(folder.path("x.part.part"));
  OutputFile file(folder.path("x"));
  file.write("new");
  CHECK(content(folder) ==
        Content{{"x", "new"}, {"x.part", "mine"}, {"x.part.part", ""}, {"x.tmp", "mine, too"}});
}

TEST_CASE("an output file keeps its permissions", "[output_file]") {
  const TemporaryFolder folder;
  const mode_t mask = umask(022);
  for (const mode_t mode : {0600U, 0640U, 0644U, 0664U, 0666U, 0755U, 0200U, 0020U}) {
    const std::string path = folder.write("x", "old");
    REQUIRE(chmod(path.c_str(), mode) == 0);
    // Without rights of the owner only the superuser may write it.
    if ((mode & S_IWUSR) == 0 && geteuid() != 0) continue;
    write_to(path, "new");
    CHECK(mode_of(path) == mode);
    REQUIRE(chmod(path.c_str(), 0600) == 0);
    CHECK(folder.read("x") == "new");
  }
  write_to(folder.path("y"), "new");
  CHECK(mode_of(folder.path("y")) == 0644);
  umask(0077);
  write_to(folder.path("z"), "new");
  CHECK(mode_of(folder.path("z")) == 0600);
  umask(mask);
}

TEST_CASE("an output file keeps its owner", "[output_file]") {
  if (geteuid() != 0) return;  // only the superuser can give files away
  const TemporaryFolder folder;
  const std::string path = folder.write("x", "old");
  REQUIRE(chown(path.c_str(), 1234, 2345) == 0);
  write_to(path, "new");
  struct stat found {};
  REQUIRE(stat(path.c_str(), &found) == 0);
  CHECK(found.st_uid == 1234);
  CHECK(found.st_gid == 2345);
}

TEST_CASE("an output file is the one behind symbolic links", "[output_file]") {
  const TemporaryFolder folder;
  const TemporaryFolder other;
  folder.write("real", "old");
  fs::create_symlink("real", folder.path("a"));
  fs::create_symlink(folder.path("a"), folder.path("b"));
  write_to(folder.path("b"), "new");
  CHECK(content(folder) ==
        Content{{"a", "-> real"}, {"b", "-> " + folder.path("a")}, {"real", "new"}});

  SECTION("one that leads to nothing yet") {
    fs::create_symlink(other.path("later"), folder.path("c"));
    write_to(folder.path("c"), "made");
    CHECK(content(other) == Content{{"later", "made"}});
    CHECK(fs::is_symlink(folder.path("c")));
  }
  SECTION("of folders") {
    fs::create_directory_symlink(folder.path(), other.path("link"));
    write_to(other.path("link/b"), "newer");
    CHECK(folder.read("real") == "newer");
    CHECK(content(other) == Content{{"link", "-> " + folder.path()}});
  }
  SECTION("in a circle") {
    fs::create_symlink("e", folder.path("d"));
    fs::create_symlink("d", folder.path("e"));
    CHECK_THAT(refusal(folder.path("d")),
               EndsWith("d: cannot be written: Too many levels of symbolic links"));
  }
}

TEST_CASE("an output file stays in the folder it was found in", "[output_file]") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path("a"));
  OutputFile file(folder.path("a/x"));
  fs::rename(folder.path("a"), folder.path("b"));
  file.write("new");
  CHECK(folder.read("b/x") == "new");
}

TEST_CASE("what is no file to write is refused at once, by its name", "[output_file]") {
  const TemporaryFolder folder;
  const std::string before = folder.write("file", "old");
  REQUIRE(mkfifo(folder.path("pipe").c_str(), 0600) == 0);
  const int socket_ = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string socket_path = folder.path("socket");
  REQUIRE(socket_path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size());
  REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  close(socket_);
  fs::create_symlink("pipe", folder.path("link"));
  const Content all = content(folder);

  const auto ends = [&](const std::string& path, const std::string& end) {
    CHECK_THAT(refusal(path), StartsWith(path + ": ") && EndsWith(end));
  };
  ends(folder.path(), "expected a file to write, got a folder");
  ends(folder.path() + "/", "expected a file to write, got a folder");
  ends(".", "expected a file to write, got a folder");
  ends("..", "expected a file to write, got a folder");
  ends(folder.path("pipe"), "expected a file to write, got a pipe (FIFO)");
  ends(folder.path("link"), "expected a file to write, got a pipe (FIFO)");
  ends(folder.path("socket"), "expected a file to write, got a socket");
  ends("/dev/null", "expected a file to write, got a device");
  ends("/dev/full", "expected a file to write, got a device");
  ends("", "expected the name of a file, got none");
  ends(folder.path("new/"), "its folder cannot be opened: No such file or directory");
  ends(folder.path("no/x"), "its folder cannot be opened: No such file or directory");
  ends(folder.path("file/x"), "its folder cannot be opened: Not a directory");
  ends(folder.path("file/"), "its folder cannot be opened: Not a directory");
  ends(folder.path(std::string(300, 'a')), "cannot be written: File name too long");
  REQUIRE(chmod(before.c_str(), 0444) == 0);
  ends(before, "is read-only");
  CHECK(content(folder) == all);
}

TEST_CASE("what an output file became meanwhile is not destroyed", "[output_file]") {
  const TemporaryFolder folder;
  OutputFile file(folder.path("x"));
  SECTION("a pipe") {
    REQUIRE(mkfifo(folder.path("x").c_str(), 0600) == 0);
    CHECK_THROWS_WITH(file.write("new"), EndsWith("expected a file to write, got a pipe (FIFO)"));
    CHECK(fs::is_fifo(folder.path("x")));
  }
  SECTION("a link") {
    fs::create_symlink("y", folder.path("x"));
    CHECK_THROWS_WITH(file.write("new"), EndsWith("a symbolic link that was not there before"));
    CHECK(fs::is_symlink(folder.path("x")));
  }
  SECTION("a folder") {
    fs::create_directory(folder.path("x"));
    CHECK_THROWS_WITH(file.write("new"), EndsWith("expected a file to write, got a folder"));
  }
  SECTION("read-only") {
    REQUIRE(chmod(folder.write("x", "old").c_str(), 0444) == 0);
    CHECK_THROWS_WITH(file.write("new"), EndsWith("is read-only"));
    CHECK(folder.read("x") == "old");
  }
  CHECK(content(folder).size() == 1);
}

TEST_CASE("output files know each other by any path", "[output_file]") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path("sub"));
  fs::create_directory_symlink("sub", folder.path("link"));
  folder.write("old", "");
  fs::create_hard_link(folder.path("old"), folder.path("hard"));
  fs::create_symlink("sub/x", folder.path("to_x"));
  const auto same = [&](const std::string& a, const std::string& b) {
    const OutputFile first(folder.path(a));
    const OutputFile second(folder.path(b));
    CHECK(first.same_file(second) == second.same_file(first));
    return first.same_file(second);
  };
  for (const char* existing : {"", "x"}) {
    if (*existing != '\0') folder.write("sub/x", "");
    CHECK(same("sub/x", "sub/x"));
    CHECK(same("sub/x", "sub/../sub//./x"));
    CHECK(same("sub/x", "link/x"));
    CHECK(same("sub/x", "to_x"));
    CHECK_FALSE(same("sub/x", "sub/y"));
    CHECK_FALSE(same("sub/x", "x"));
  }
  CHECK(same("old", "hard"));
  CHECK_FALSE(same("old", "x"));

  const OutputFile file(folder.path("sub/x"));
  const int open_x = open(folder.path("link/x").c_str(), O_WRONLY);
  const int open_old = open(folder.path("old").c_str(), O_WRONLY);
  CHECK(file.same_file(open_x));
  CHECK_FALSE(file.same_file(open_old));
  close(open_x);
  close(open_old);
  CHECK_FALSE(file.same_file(open_x));  // closed
}

TEST_CASE("whichever call fails, the old file or the new one is there, and nothing beside it",
          "[output_file]") {
  const TemporaryFolder folder;
  const bool exists = GENERATE(true, false);
  const int error = GENERATE(ENOSPC, EIO, EDQUOT, EACCES);
  const Content old = exists ? Content{{"x", "old"}} : Content{};
  const std::ptrdiff_t files = open_files();
  const std::array<std::string_view, 2> parts{"one ", "two"};
  std::vector<std::string> refused;
  int nth = 0;
  do {
    if (exists) {
      folder.write("x", "old");
    } else {
      fs::remove(folder.path("x"));
    }
    failing_calls = {.nth = ++nth, .error = error};
    std::string message;
    try {
      OutputFile(folder.path("x")).write(parts);
    } catch (const kd::IoError& failure) {
      message = failure.what();
    }
    const int calls = failing_calls.calls;
    const std::string failed = failing_calls.failed;
    failing_calls = {};
    INFO("call " << nth << ", " << failed << ": " << message);
    const bool replaced =
        message.empty() || message.find("is written, but its folder") != std::string::npos;
    CHECK(content(folder) == (replaced ? Content{{"x", "one two"}} : old));
    CHECK(open_files() == files);
    if (!message.empty()) {
      refused.push_back(failed);
      CHECK_THAT(message, EndsWith(std::string(": ") + std::strerror(error)));
    }
    if (calls < nth) break;
  } while (nth < 100);
  // Only what is on the disk takes the name, and then the folder with the new name follows.
  using Calls = std::vector<std::string>;
  CHECK(refused == (exists
                        ? Calls{"openat", "openat", "openat", "fchmod", "openat", "openat",
                                "fchmod", "write", "write", "fsync", "close", "renameat", "fsync"}
                        : Calls{"openat", "openat", "openat", "write", "write", "fsync", "close",
                                "renameat", "fsync"}));
  CHECK(nth < 100);
}

TEST_CASE("interrupted calls and short writes are no errors", "[output_file]") {
  const TemporaryFolder folder;
  int calls = 0;
  for (int nth = 1; nth == 1 || nth <= calls; ++nth) {
    const std::string text = "one two " + std::to_string(nth);
    failing_calls = {.nth = nth, .error = EINTR, .longest_write = 2};
    std::string message;
    try {
      OutputFile(folder.path("x")).write(text);
    } catch (const kd::IoError& failure) {
      message = failure.what();
    }
    calls = failing_calls.calls;
    const std::string failed = failing_calls.failed;
    failing_calls = {};
    INFO("call " << nth << ", " << failed);
    if (failed == "renameat") {  // no signal interrupts that one
      CHECK_THAT(message, EndsWith("Interrupted system call"));
    } else {
      CHECK(message.empty());
      CHECK(content(folder) == Content{{"x", text}});
    }
  }
  CHECK(calls > 12);
}

TEST_CASE("a full disk leaves the old file", "[output_file]") {
  const TemporaryFolder folder;
  folder.write("x", "old");
  OutputFile file(folder.path("x"));
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string message;
  try {
    file.write(std::string(5000, 'a'));  // of which 1000 fit
  } catch (const kd::IoError& error) {
    message = error.what();
  }
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK(message == folder.path("x") + ": cannot be written: File too large");
  CHECK(content(folder) == Content{{"x", "old"}});
  file.write("new");  // it can be tried again
  CHECK(content(folder) == Content{{"x", "new"}});
}
