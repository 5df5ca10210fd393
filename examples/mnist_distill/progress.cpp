// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include <algorithm>
#include <iostream>

#include "text.hpp"

#if defined(_WIN32)
#include <io.h>
#else
#include <unistd.h>
#endif

namespace mnist {

namespace {

constexpr auto redraw_after = std::chrono::milliseconds(100);
constexpr kd::Index most_lines = 10;
constexpr std::size_t name_width = 18;
constexpr const char* clear_line = "\r\x1b[K";

}  // namespace

bool is_terminal() {
#if defined(_WIN32)
  return _isatty(_fileno(stdout)) != 0;
#else
  return isatty(STDOUT_FILENO) != 0;
#endif
}

void Progress::step(const kd::StepReport& report) {
  if (!terminal_) return;
  const auto now = Clock::now();
  if (now - drawn_ < redraw_after) return;
  drawn_ = now;
  draw_bar(report);
}

void Progress::draw_bar(const kd::StepReport& report) {
  constexpr std::size_t width = 24;
  const auto in_epoch = static_cast<double>(report.step) / static_cast<double>(report.steps);
  const double done_epochs = static_cast<double>(report.epoch - 1) + in_epoch;
  const double done = done_epochs / static_cast<double>(report.epochs);
  const double rate = in_epoch * static_cast<double>(samples_) / report.seconds;
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const auto filled = static_cast<std::size_t>(done * static_cast<double>(width));
  std::cout << clear_line << left(name_, name_width) << '[' << std::string(filled, '=')
            << std::string(width - filled, ' ') << ']' << right(fixed(100 * done, 0), 4) << " % "
            << right(grouped(static_cast<kd::Index>(rate)), 10) << " images/s "
            << right(minutes(elapsed * (1 - done) / done), 6) << " left" << std::flush;
}

void Progress::epoch(const kd::EpochReport& report, double test_accuracy) {
  const kd::Index lines = std::min(report.epochs, most_lines);
  // Line k stands for the epochs up to k / lines of all.
  if (report.epoch * lines / report.epochs == (report.epoch - 1) * lines / report.epochs) return;
  const std::string epochs = std::to_string(report.epochs);
  if (terminal_) std::cout << clear_line;
  std::cout << left(name_, name_width) << "epoch "
            << right(std::to_string(report.epoch), epochs.size()) << " of " << epochs << ":  loss "
            << fixed(report.loss, 4) << ",  test accuracy " << fixed(100 * test_accuracy, 2)
            << " %,  " << fixed(report.seconds, 2) << " s" << std::endl;
}

}  // namespace mnist
