// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <string>

#include "kd/core/error.hpp"

namespace kd {

/// How often a checkpoint is written: `.every = 5` epochs, or `.every = std::chrono::minutes(10)`,
/// which need not end with an epoch.
class CheckpointInterval {
 public:
  // Implicit, so that a number of epochs stays a number in a list of options.
  template <std::integral I>
  CheckpointInterval(I epochs) : epochs_(static_cast<Index>(epochs)) {}
  template <class Rep, class Period>
  CheckpointInterval(std::chrono::duration<Rep, Period> time)
      : seconds_(std::chrono::duration<double>(time).count()), is_time_(true) {}

  bool is_time() const { return is_time_; }
  double seconds() const { return seconds_; }
  Index epochs() const { return epochs_; }

 private:
  Index epochs_ = 1;
  double seconds_ = 0;
  bool is_time_ = false;
};

/// A file from which a training that was killed goes on: see `FitOptions::checkpoint`.
struct CheckpointOptions {
  std::string file = {};  ///< none: nothing is kept
  CheckpointInterval every = 1;

  /// The same, for part `part` of a training in several parts, counted from 1: `run.checkpoint.1`.
  CheckpointOptions part(Index part) const {
    return {file.empty() ? file : detail::text(file, '.', part), every};
  }
};

namespace detail {

/// Throws `ConfigError`.
inline void check_checkpoint(const CheckpointOptions& options) {
  if (options.every.is_time())
    check_not_negative("FitOptions: checkpoint.every, in seconds,", options.every.seconds());
  else
    check_at_least_one("FitOptions: checkpoint.every", options.every.epochs());
}

}  // namespace detail
}  // namespace kd
