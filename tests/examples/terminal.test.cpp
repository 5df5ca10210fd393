// SPDX-License-Identifier: MIT
//
// The moving line of progress, on terminals of every width.

#include "terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace example;

namespace {

const ProgressBar half{.name = "student distilled",
                       .name_width = 18,
                       .done = 0.5,
                       .rate = "     12,345 images/s",
                       .left = "   1:05 left"};

/// What the program prints on a terminal of so many columns.
std::string printed_on_terminal(unsigned short columns, const char* kind) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  REQUIRE(grantpt(terminal) == 0);
  REQUIRE(unlockpt(terminal) == 0);
  const std::string name = ptsname(terminal);
  const int side = open(name.c_str(), O_RDWR | O_NOCTTY);
  REQUIRE(side >= 0);
  winsize size{};
  size.ws_col = columns;
  size.ws_row = 24;
  REQUIRE(ioctl(side, TIOCSWINSZ, &size) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(side, STDOUT_FILENO);
    dup2(side, STDERR_FILENO);
    setenv("TERM", kind, 1);
    execl(KD_MNIST_DISTILL, "mnist_distill", "--data", KD_SAMPLE_DIR, "--train-limit", "300",
          "--test-limit", "10", "--teacher-epochs", "1", "--epochs", "1", nullptr);
    _exit(127);
  }
  close(side);
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {  // ends in an error, once the program has ended
    const ssize_t count = read(terminal, piece.data(), piece.size());
    if (count <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  close(terminal);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  return text;
}

/// The lines that were taken back again.
std::vector<std::string> taken_back(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (std::size_t next = 0; (next = text.find(clear_line, at)) != std::string::npos;
       at = next + std::string(clear_line).size()) {
    const std::size_t newline = text.rfind('\n', next);
    const std::size_t begin = newline == std::string::npos ? at : std::max(at, newline + 1);
    lines.push_back(text.substr(begin, next - begin));
  }
  return lines;
}

}  // namespace

TEST_CASE("the line of progress is shorter than the terminal is wide", "[terminal]") {
  std::size_t before = 0;
  for (std::size_t columns = 0; columns < 300; ++columns) {
    for (const double done : {0., 0.004, 0.5, 0.999, 1.})
      for (const char* name : {"teacher", "student distilled"}) {
        ProgressBar bar = half;
        bar.done = done;
        bar.name = name;
        INFO(columns << " columns, " << done << " done: " << line(bar, columns));
        CHECK(line(bar, columns).size() < std::max<std::size_t>(columns, 1));
      }
    before = std::max(before, line(half, columns).size());
  }
  CHECK(before == 82);  // no longer than it needs to be
}

TEST_CASE("the line of progress keeps what has room", "[terminal]") {
  CHECK(line(half, 200) ==
        "student distilled [============            ]  50 %     12,345 images/s   1:05 left");
  CHECK(line(half, 80) ==
        "student distilled [==========           ]  50 %     12,345 images/s   1:05 left");
  CHECK(line(half, 60) == "student distilled [==========           ]  50 %   1:05 left");
  CHECK(line(half, 40) == "student distilled [======       ]  50 %");
  CHECK(line(half, 30) == "student distilled        50 %");
  CHECK(line(half, 20) == "student disti  50 %");
  CHECK(line(half, 7) == "  50 %");
  CHECK(line(half, 6).empty());
  CHECK(line(half, 0).empty());
}

TEST_CASE("the bar fits the terminal that the program runs in", "[terminal]") {
  const auto columns = static_cast<unsigned short>(GENERATE(20, 80, 200));
  const std::vector<std::string> lines = taken_back(printed_on_terminal(columns, "xterm"));
  REQUIRE(!lines.empty());
  std::size_t longest = 0;
  for (const std::string& each : lines) {
    INFO(each);
    CHECK(each.size() < columns);
    CHECK_THAT(each, ContainsSubstring(" %") && (StartsWith("teacher") || StartsWith("student")));
    longest = std::max(longest, each.size());
  }
  CHECK(longest == (columns == 20 ? 19 : columns == 80 ? 79 : 82));
}

TEST_CASE("a terminal of unknown width is taken for one of 80 columns", "[terminal]") {
  for (const std::string& each : taken_back(printed_on_terminal(0, "xterm")))
    CHECK(each.size() == 79);
}

TEST_CASE("a terminal that cannot take a line back gets no bar", "[terminal]") {
  const std::string text = printed_on_terminal(80, "dumb");
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK_THAT(text, ContainsSubstring("epoch 1 of 1"));
}
