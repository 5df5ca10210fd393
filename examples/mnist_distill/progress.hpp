// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <kd/distill.hpp>
#include <string>

namespace mnist {

/// Shows on standard output how the training of one network gets on: a bar that moves on a
/// terminal, and a line for every epoch, or for every tenth part of many.
class Progress {
 public:
  Progress(std::string name, kd::Index samples) : name_(std::move(name)), samples_(samples) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  void step(const kd::StepReport& report);
  void epoch(const kd::EpochReport& report, double test_accuracy);

 private:
  using Clock = std::chrono::steady_clock;

  void clear();

  std::string name_;
  kd::Index samples_;
  bool bar_stands_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_{};
};

}  // namespace mnist
