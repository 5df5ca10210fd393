// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include <algorithm>
#include <iostream>

#include "terminal.hpp"
#include "text.hpp"

namespace example {

namespace {

constexpr auto redraw_after = std::chrono::milliseconds(100);
constexpr kd::Index most_lines = 10;
constexpr std::size_t name_width = 18;

}  // namespace

void Progress::step(const kd::StepReport& report) {
  const auto now = Clock::now();
  const auto in_epoch = static_cast<double>(report.step) / static_cast<double>(report.steps);
  const double done_epochs = static_cast<double>(report.epoch - 1) + in_epoch;
  const double share = done_epochs / static_cast<double>(report.epochs);
  if (done_before_ < 0) {
    done_before_ = share;
    start_ = now;
  }
  if (now - drawn_ < redraw_after) return;
  drawn_ = now;
  const std::size_t columns = terminal_columns();
  if (columns == 0) return;
  const double since = share - done_before_;
  const double rate = in_epoch * static_cast<double>(samples_) / report.seconds;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  clear();
  std::string left_over(12, ' ');  // nothing to go by yet
  if (since > 0) left_over = " " + right(minutes(elapsed * (1 - share) / since), 6) + " left";
  std::cout << line({.name = name_,
                     .name_width = name_.empty() ? 0 : name_width,
                     .done = share,
                     .rate = " " + right(grouped(static_cast<kd::Index>(rate)), 10) + ' ' + unit_ +
                             "/s",
                     .left = left_over},
                    columns)
            << std::flush;
  bar_stands_ = true;
}

void Progress::epoch(const kd::EpochReport& report, const std::string& figures) {
  const kd::Index lines = std::min(report.epochs, most_lines);
  // Line k stands for the epochs up to k / lines of all.
  if (report.epoch * lines / report.epochs == (report.epoch - 1) * lines / report.epochs) return;
  const std::string epochs = std::to_string(report.epochs);
  clear();
  std::cout << left(name_, name_.empty() ? 0 : name_width) << "epoch "
            << right(std::to_string(report.epoch), epochs.size()) << " of " << epochs << ":  loss "
            << fixed(report.loss, 4) << figures;
  constexpr double least_seconds = 0.005;  // which two digits show
  if (report.seconds >= least_seconds) std::cout << ",  " << fixed(report.seconds, 2) << " s";
  std::cout << std::endl;
}

void Progress::clear() {
  if (bar_stands_) std::cout << clear_line;
  bar_stands_ = false;
}

}  // namespace example
