// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/error.hpp"
#include "kd/core/view.hpp"

namespace kd {

/// How logits are looked at that kd did not compute.
struct LogitsOptions {
  /// Take them even where they look like probabilities: within [0, 1], with a sum of 1 for every
  /// sample.
  bool accept_probabilities = false;
};

namespace detail {

/// Whether every column of two or more is within [0, 1] and sums to 1, give or take what is lost
/// where probabilities are kept in 16 bits or printed with few digits.
template <Real S>
bool look_like_probabilities(MatrixView<const S> x) {
  if (x.cols < 2 || x.rows < 2) return false;
  for (Index b = 0; b < x.cols; ++b) {
    double sum = 0;
    for (Index c = 0; c < x.rows; ++c) {
      const S value = x.data[b * x.rows + c];
      if (!(value >= S(0) && value <= S(1))) return false;
      sum += static_cast<double>(value);
    }
    if (!(sum > 0.99 && sum < 1.01)) return false;
  }
  return true;
}

/// Throws `DataError` for what a softmax gave: another softmax of it is next to uniform.
template <Real S>
void check_are_logits(const char* where, MatrixView<const S> x, LogitsOptions options) {
  if (!options.accept_probabilities && look_like_probabilities(x))
    throw DataError(text(where,
                         ": these look like probabilities, not logits: every column is within "
                         "[0, 1] and sums to 1; give log(p), or say accept_probabilities"));
}

}  // namespace detail
}  // namespace kd
