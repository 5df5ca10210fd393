// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <concepts>
#include <functional>
#include <numbers>
#include <utility>

#include "kd/core/error.hpp"
#include "kd/core/named_options.hpp"
#include "kd/optim/schedule.hpp"

namespace kd {

/// A temperature or a weight: one number, or a function of how far training has come.
///
/// `.temperature = 7`, `.temperature = LinearRamp{{.from = 8, .to = 2}}`, or any lambda
/// `[](const kd::Progress& progress) { return ...; }`.
class Scheduled {
 public:
  // Implicit, so that a plain number stays a plain number in a list of options.
  Scheduled(double value) : value_(value) {}  // NOLINT(google-explicit-constructor)
  template <class F>
  requires std::is_invocable_r_v<double, const F&, const Progress&> Scheduled(F function)
      : function_(std::move(function)) {  // NOLINT(google-explicit-constructor)
    if (!function_)
      throw ConfigError("Scheduled: expected a number or a function, got an empty function");
  }

  template <class F>
  requires(std::is_invocable_r_v<double, F&, const Progress&> &&
           !std::is_invocable_r_v<double, const F&, const Progress&>)
      Scheduled(F) {  // NOLINT(google-explicit-constructor)
    static_assert(detail::never<F>,
                  "a function of the progress is called as const: a lambda must not be mutable; "
                  "what it changes it can capture by reference");
  }

  double at(const Progress& progress) const { return function_ ? function_(progress) : value_; }
  /// Whether it is this number throughout.
  bool is_always(double value) const { return !function_ && value_ == value; }

 private:
  double value_ = 0;
  std::function<double(const Progress&)> function_;
};

struct RampOptions {
  double from = 1;
  double to = 1;
  Index epochs = 0;  ///< until `to` is reached, counted from the start; 0: the whole training
};

namespace detail {

/// The part of a ramp that lies behind, 0 to 1.
inline double ramped(const RampOptions& ramp, const Progress& progress) {
  const auto done = static_cast<double>(progress.step);
  const double all = ramp.epochs > 0 ? static_cast<double>(ramp.epochs) *
                                           static_cast<double>(progress.steps_per_epoch)
                                     : static_cast<double>(progress.total_steps);
  return done >= all ? 1 : done / all;
}

inline void check_ramp(const char* name, const RampOptions& ramp) {
  if (!is_finite(ramp.from) || !is_finite(ramp.to))
    throw ConfigError(
        text(name, ": from and to must be finite, got ", ramp.from, " and ", ramp.to));
  if (ramp.epochs < 0)
    throw ConfigError(text(name, ": epochs must be 0 or more, got ", ramp.epochs));
}

/// The number that holds now. Functions are asked in every step, and before the first one for the
/// ends of every epoch: one that leaves its range in between is found out there.
inline double temperature(const char* name, const Scheduled& number, const Progress& progress) {
  const double value = number.at(progress);
  check_temperature(name, value);
  return value;
}

inline double not_negative(const char* name, const Scheduled& number, const Progress& progress) {
  const double value = number.at(progress);
  check_not_negative(name, value);
  return value;
}

}  // namespace detail

/// In equal parts from `from` at the first step to `to`: `from + (to - from) t`.
class LinearRamp : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  /// Throws `ConfigError` when an end is not finite or `epochs` is negative.
  explicit LinearRamp(RampOptions options) : options_(options) {
    detail::check_ramp("LinearRamp", options);
  }
  double operator()(const Progress& progress) const {
    return std::lerp(options_.from, options_.to, detail::ramped(options_, progress));
  }

 private:
  RampOptions options_;
};

/// Along half a cosine, slow at both ends: `from + (to - from) (1 - cos(pi t)) / 2`.
class CosineRamp : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  /// Throws `ConfigError` when an end is not finite or `epochs` is negative.
  explicit CosineRamp(RampOptions options) : options_(options) {
    detail::check_ramp("CosineRamp", options);
  }
  double operator()(const Progress& progress) const {
    const double t = detail::ramped(options_, progress);
    return std::lerp(options_.from, options_.to, (1 - std::cos(std::numbers::pi * t)) / 2);
  }

 private:
  RampOptions options_;
};

}  // namespace kd
