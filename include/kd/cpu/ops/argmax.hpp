// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/finite.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// Whether `a` is larger than `b`, where NaN is larger than any number, as in PyTorch.
template <Real S>
bool is_above(S a, S b) {
  if (a > b) return true;
  return kd::detail::is_nan(a) && !kd::detail::is_nan(b);
}

}  // namespace detail

/// `classes[b]` = the class of the largest logit of sample b, the first of equals; NaN is larger
/// than any number.
template <Real S>
void op_argmax(const Space&, MatrixView<const S> logits, VectorView<Label> classes) {
  for (Index b = 0; b < logits.cols; ++b) {
    const S* const z = logits.data + b * logits.rows;
    Index best = 0;
    for (Index c = 1; c < logits.rows; ++c)
      if (detail::is_above(z[c], z[best])) best = c;
    classes.data[b] = static_cast<Label>(best);
  }
}

}  // namespace kd::cpu
