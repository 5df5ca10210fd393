// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/distillation_loss.hpp"

namespace kd::cpu {

/// Cross-entropy: `values[b] = log sum_c exp(z_cb) - z_yb`, gradient `softmax(z_b) - onehot(y_b)`,
/// `scale` times of which is written or added to `dlogits` unless that is empty.
template <Real S>
void op_cross_entropy(const Space&, MatrixView<const S> logits, VectorView<const Label> labels,
                      S scale, MatrixView<S> dlogits, Write write, VectorView<S> values) {
  detail::distillation_loss<true, false, S>(
      {logits, {}, labels, S(1), scale, S(0), dlogits, write, values, {}});
}

}  // namespace kd::cpu
