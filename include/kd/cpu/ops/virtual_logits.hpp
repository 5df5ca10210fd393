// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `logits[c, b] = own` where c is the label of sample b, else `other`
template <Real S>
void op_virtual_logits(const Space&, VectorView<const Label> labels, S own, S other,
                       MatrixView<S> logits) {
  map(logits).setConstant(other);
  for (Index b = 0; b < labels.size; ++b) logits.data[b * logits.rows + labels.data[b]] = own;
}

}  // namespace kd::cpu
