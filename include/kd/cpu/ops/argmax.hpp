// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `classes[b]` = the class of the largest logit of sample b, the first of equals
template <Real S>
void op_argmax(const Space&, MatrixView<const S> logits, VectorView<Label> classes) {
  for (Index b = 0; b < logits.cols; ++b) {
    Index best = 0;
    map(logits).col(b).maxCoeff(&best);
    classes.data[b] = static_cast<Label>(best);
  }
}

}  // namespace kd::cpu
