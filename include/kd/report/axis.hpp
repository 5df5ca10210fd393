// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "kd/core/finite.hpp"

namespace kd::report {

/// What range of values a chart shows, and at which of them it has a line.
struct Axis {
  double low = 0;
  double high = 1;
  std::vector<double> ticks = {};
  bool logarithmic = false;

  /// Where a value lies, from 0 to 1.
  double at(double value) const {
    if (logarithmic) return std::log(value / low) / std::log(high / low);
    return (value - low) / (high - low);
  }
};

namespace detail {

/// 1, 2 or 5 times a power of ten, not below `least`.
inline double round_step(double least) {
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double digit : {1., 2., 5.})
    if (digit * power >= least * (1 - 1e-9)) return digit * power;
  return 10 * power;
}

}  // namespace detail

/// Round values around all of these, about `most` of them; from zero where that is asked for.
inline Axis linear_axis(const std::vector<double>& values, int most, bool from_zero) {
  double low = from_zero ? 0 : kd::detail::positive_infinity<double>;
  double high = from_zero ? 0 : -kd::detail::positive_infinity<double>;
  for (const double value : values) {
    if (!kd::detail::is_finite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) low = 0, high = 1;
  if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high))) {
    high += low == 0 ? 1 : 0.1 * std::abs(low);
    if (!from_zero && low != 0) low -= 0.1 * std::abs(low);
  }
  const double step = detail::round_step((high - low) / most);
  const double first = std::floor(low / step + 1e-9);
  const double last = std::ceil(high / step - 1e-9);
  Axis axis{first * step, last * step, {}};
  for (double k = first; k <= last; ++k) axis.ticks.push_back(k * step);
  return axis;
}

/// From the least to the largest of these, which are positive, with lines at `values` themselves.
inline Axis logarithmic_axis(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (values.size() < 2 || values.front() <= 0) return linear_axis(values, 5, false);
  return {values.front(), values.back(), values, true};
}

/// Round values around all of these, which are positive, at most three a power of ten.
inline Axis logarithmic_axis_around(const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (values.empty() || *least <= 0 || !kd::detail::is_finite(*most))
    return linear_axis(values, 5, false);
  const bool is_long = *most > 1000 * *least;  // then whole powers of ten do
  std::vector<double> ticks;
  for (double power = std::pow(10, std::floor(std::log10(*least)));; power *= 10)
    for (const double digit : {1., 2., 5.}) {
      if (is_long && digit > 1) continue;
      const double tick = digit * power;
      if (tick <= *least) ticks.clear();
      ticks.push_back(tick);
      if (tick >= *most && ticks.size() > 1) return {ticks.front(), ticks.back(), ticks, true};
    }
}

}  // namespace kd::report
