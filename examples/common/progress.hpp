// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <kd/distill.hpp>
#include <string>
#include <utility>

namespace example {

/// Shows on standard output how the training of one network gets on: a bar that moves on a
/// terminal, and a line for every epoch, or for every tenth part of many.
class Progress {
 public:
  /// `samples` are those of an epoch; `unit` is what they are called, such as "images".
  Progress(std::string name, kd::Index samples, std::string unit)
      : name_(std::move(name)), samples_(samples), unit_(std::move(unit)) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  void step(const kd::StepReport& report);
  /// `figures` are what else there is to say of the epoch.
  void epoch(const kd::EpochReport& report, const std::string& figures);

 private:
  using Clock = std::chrono::steady_clock;

  void clear();

  std::string name_;
  kd::Index samples_;
  std::string unit_;
  bool bar_stands_ = false;
  double done_before_ = -1;    ///< share of all steps at the first one: a training may go on
  Clock::time_point start_{};  ///< when that was done
  Clock::time_point drawn_{};
};

}  // namespace example
