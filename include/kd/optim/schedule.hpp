// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <functional>
#include <numbers>
#include <utility>

#include "kd/core/error.hpp"
#include "kd/core/named_options.hpp"

namespace kd {

/// How far training has come.
struct Progress {
  Index step = 0;  ///< steps done since the start of training
  Index steps_per_epoch = 1;
  Index total_steps = 1;

  Index epoch() const { return step / steps_per_epoch; }  ///< epochs done
};

/// What the learning rate is multiplied by at a step; none means 1.
using Schedule = std::function<double(const Progress&)>;

/// The learning rate as it is.
struct ConstantSchedule {
  double operator()(const Progress&) const { return 1; }
};

struct StepScheduleOptions {
  Index every = 10;     ///< epochs
  double factor = 0.1;  ///< positive
};

/// Multiplied by `factor` after every `every` epochs: `factor^floor(epoch / every)`.
class StepSchedule : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  /// Throws `ConfigError` when an option is out of its range.
  explicit StepSchedule(StepScheduleOptions options = {}) : options_(options) {
    detail::check_at_least_one("StepSchedule: every", options.every);
    detail::check_positive("StepSchedule: factor", options.factor);
  }
  double operator()(const Progress& progress) const {
    return std::pow(options_.factor, static_cast<double>(progress.epoch() / options_.every));
  }

 private:
  StepScheduleOptions options_;
};

struct CosineScheduleOptions {
  double final_factor = 0;  ///< what is left at the end, in [0, 1)
};

/// Half a cosine from 1 at the first step to `final_factor` behind the last:
/// `f + (1-f) (1 + cos(pi step / total)) / 2`. Source: Loshchilov and Hutter, "SGDR", 2017, eq. 5.
class CosineSchedule : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  /// Throws `ConfigError` when an option is out of its range.
  explicit CosineSchedule(CosineScheduleOptions options = {}) : options_(options) {
    detail::check_range("CosineSchedule: final_factor", options.final_factor, 0, 1);
  }
  double operator()(const Progress& progress) const {
    const double done =
        static_cast<double>(progress.step) / static_cast<double>(progress.total_steps);
    const double rest = 1 - options_.final_factor;
    return options_.final_factor + rest * (1 + std::cos(std::numbers::pi * done)) / 2;
  }

 private:
  CosineScheduleOptions options_;
};

/// Rises evenly over the first `steps` steps (`(step + 1) / steps`), then follows `then`, which
/// counts from the end of the warm-up.
class WarmUp {
 public:
  /// Throws `ConfigError` when `steps` is below 1 or `then` is an empty function.
  explicit WarmUp(Index steps, Schedule then = ConstantSchedule{})
      : steps_(steps), then_(std::move(then)) {
    detail::check_at_least_one("WarmUp: steps", steps);
    if (!then_) throw ConfigError("WarmUp: expected a schedule to follow, got an empty function");
  }
  double operator()(const Progress& progress) const {
    if (progress.step < steps_)
      return static_cast<double>(progress.step + 1) / static_cast<double>(steps_);
    Progress rest = progress;
    rest.step -= steps_;
    rest.total_steps -= steps_;
    return then_(rest);
  }

 private:
  Index steps_;
  Schedule then_;
};

}  // namespace kd
