// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "kd/core/finite.hpp"
#include "kd/core/optimizer_step.hpp"

/// Whether a step of an optimizer can make a number that is not finite, told without reading any.
///
/// Upper bounds of the parameters and of what the optimizer keeps beside them are carried from step
/// to step, by the arithmetic of the step itself, on the premise that all were ordinary when they
/// were last measured and that every gradient has been since. Where the bounds leave a wide margin
/// to the largest number, as they do for longer than anybody trains, the step is safe; where they
/// do not, or a gradient was not ordinary, the step is looked at before it is done.
namespace kd::detail {

/// What is below this is ordinary: parameters, gradients and moments alike.
inline constexpr double ordinary = 0x1p32;

/// What rounding may add to a result of a few operations.
template <Real S>
inline constexpr double rounded_up = 1 + 8. * std::numeric_limits<S>::epsilon();

/// Whether all of these, which are not negative, are far from the largest number.
template <Real S, class... Bounds>
bool stay_finite(Bounds... bounds) {
  const double room = 0.25 * static_cast<double>(std::numeric_limits<S>::max());
  return ((is_finite(bounds) && bounds < room) && ...);
}

struct AdamBound {
  double params = ordinary;
  double m = ordinary;
  double v = ordinary * ordinary;

  /// Goes one step on; whether that step is safe.
  template <Real S>
  bool advance(const AdamStep<S>& a) {
    m = rounded_up<S> * (a.beta1 * m + a.gain1 * ordinary);
    v = rounded_up<S> * (a.beta2 * v + a.gain2 * ordinary * ordinary);
    const double along = a.rate * m;
    const double move = along / a.eps;  // the root only makes it smaller
    params = rounded_up<S> * (std::abs(a.decay) * params + move);
    return stay_finite<S>(v, along, move, params);
  }
};

struct SgdBound {
  double params = ordinary;
  double velocity = ordinary;

  /// Goes one step on; whether that step is safe.
  template <Real S>
  bool advance(const SgdStep<S>& s) {
    const double g = rounded_up<S> * (ordinary + s.weight_decay * params);
    velocity = rounded_up<S> * (s.momentum * velocity + g);
    const double along = s.nesterov ? g + s.momentum * velocity : velocity;
    const double move = s.rate * along;
    params = rounded_up<S> * (params + move);
    return stay_finite<S>(g, velocity, along, move, params);
  }
};

}  // namespace kd::detail
