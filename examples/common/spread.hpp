// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <vector>

namespace example {

/// The mean of what was measured with several seeds, and how far that was apart.
struct Spread {
  double mean = 0;
  double deviation = 0;  ///< of a sample; 0 for one value
};

/// That of some values, of none 0.
inline Spread spread_of(const std::vector<double>& values) {
  Spread spread;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) spread.mean += value / count;
  for (const double value : values) spread.deviation += std::pow(value - spread.mean, 2);
  spread.deviation = count > 1 ? std::sqrt(spread.deviation / (count - 1)) : 0;
  return spread;
}

}  // namespace example
