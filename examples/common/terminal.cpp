// SPDX-License-Identifier: MIT
#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "text.hpp"

namespace example {

namespace {

constexpr std::size_t usual_columns = 80;
constexpr std::size_t shortest_bar = 8;
constexpr std::size_t longest_bar = 24;

}  // namespace

std::size_t terminal_columns() {
  if (isatty(STDOUT_FILENO) == 0) return 0;
  const char* const kind = std::getenv("TERM");
  if (kind == nullptr || std::string(kind) == "dumb") return 0;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual_columns;
  return size.ws_col;
}

std::string line(const ProgressBar& bar, std::size_t columns) {
  const std::size_t room = columns > 0 ? columns - 1 : 0;
  const std::string name = left(bar.name, bar.name_width);
  const std::string percent = right(fixed(100 * bar.done, 0), 4) + " %";
  const auto with_bar = [&](const std::string& behind) {
    const std::size_t others = name.size() + 2 + behind.size();
    if (others + shortest_bar > room) return std::string();
    const std::size_t width = std::min(room - others, longest_bar);
    const auto filled = static_cast<std::size_t>(bar.done * static_cast<double>(width));
    return name + '[' + std::string(filled, '=') + std::string(width - filled, ' ') + ']' + behind;
  };
  for (const std::string& behind : {percent + bar.rate + bar.left, percent + bar.left, percent}) {
    std::string text = with_bar(behind);
    if (!text.empty()) return text;
  }
  if (room < percent.size()) return "";
  return left(bar.name, room - percent.size()).substr(0, room - percent.size()) + percent;
}

}  // namespace example
