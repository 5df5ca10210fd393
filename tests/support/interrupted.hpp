// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>

#include "kd/train/options.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace kd::test {

/// What ends a training at once, in the middle of a step's report.
struct Killed {};

/// Calls `train(options, report)`, which makes everything anew and gives what it trained, until it
/// comes to the end; each time it is broken off after `steps` steps.
template <class Train>
auto train_interrupted(FitOptions options, Index steps, FitReport& report, const Train& train) {
  for (;;) {
    Index done = 0;
    options.on_step = [&](const StepReport&) {
      if (done++ == steps) throw Killed{};
    };
    try {
      return train(options, report);
    } catch (const Killed&) {
    }
  }
}

/// `train` must end with the same when it is broken off here and there.
template <class Train>
void check_interrupted(FitOptions options, const Train& train) {
  FitReport expected_report;
  const auto expected = train(options, expected_report);
  const auto check = [&](CheckpointInterval every, Index steps) {
    CAPTURE(every.is_time(), steps);
    const TemporaryFolder folder;
    options.checkpoint = {.file = folder.path("run"), .every = every};
    FitReport report;
    CHECK(train_interrupted(options, steps, report, train) == expected);
    CHECK(report.stopped == expected_report.stopped);
    CHECK(report.best_index == expected_report.best_index);
    REQUIRE(report.epochs.size() == expected_report.epochs.size());
    for (std::size_t i = 0; i < report.epochs.size(); ++i) {
      CHECK(report.epochs[i].loss == expected_report.epochs[i].loss);
      CHECK(report.epochs[i].lr == expected_report.epochs[i].lr);
    }
  };
  for (const Index steps : {1, 4}) check(std::chrono::seconds(0), steps);
  for (const Index steps : {6, 13}) check(1, steps);  // of which an epoch has five
  check(2, 13);
}

}  // namespace kd::test
