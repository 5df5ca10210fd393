// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/error.hpp"
#include "kd/core/view.hpp"

namespace kd::detail {

/// A sample counts nothing, or so much that a float holds the weights of a batch over their mean.
/// Throws `DataError`.
inline void check_weights(VectorView<const float> weights) {
  bool any = false;
  for (Index i = 0; i < weights.size; ++i) {
    const float weight = weights.data[i];
    if (weight == 0) continue;
    if (!is_finite(weight) || weight < 1e-18F || weight > 1e18F)
      throw DataError(text("Dataset: expected weights of 0 or between 1e-18 and 1e18, got ", weight,
                           " for sample ", i));
    any = true;
  }
  if (!any)
    throw DataError(
        "Dataset: expected at least one sample that counts, got weights of 0 alone "
        "(are all labels ignored?)");
}

/// What makes the weights of a batch of these samples have a mean of 1; 0 where none counts.
inline double over_their_mean(VectorView<const float> weights, VectorView<const Index> samples) {
  double sum = 0;
  for (Index b = 0; b < samples.size; ++b)
    sum += static_cast<double>(weights.data[samples.data[b]]);
  return sum > 0 ? static_cast<double>(samples.size) / sum : 0;
}

}  // namespace kd::detail
