// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/view.hpp"

namespace kd {

/// How the steps of training are run in a space. A space whose work goes on while the host is ahead
/// of it specialises this: it reads the guard more seldom, and may record a step and replay it.
template <class Space>
class StepRunner {
 public:
  /// After so many steps the guard is read back.
  static constexpr Index steps_between_checks = 1;

  /// Runs `step()`; `capture` asks for a recording where there are such things.
  template <class Step>
  void run(const Space&, bool capture, Step&& step) {
    (void)capture;
    step();
  }
};

}  // namespace kd
