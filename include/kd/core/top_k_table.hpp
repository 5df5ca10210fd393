// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/view.hpp"

namespace kd {

/// The k largest logits of every sample, largest first, and one logit that stands for each of the
/// others: at the temperature it was made for they have the right share together.
template <class T, class Space>
struct TopKTable {
  using L = std::conditional_t<std::is_const_v<T>, const Label, Label>;

  MatrixView<L, Space> classes;  ///< (k, samples)
  MatrixView<T, Space> logits;   ///< (k, samples)
  VectorView<T, Space> tail;     ///< (samples); unused where k is the number of classes
  Index first_sample = 0;        ///< the place of the first column, from which indices count

  TopKTable middle_cols(Index first, Index count) const {
    return {classes.middle_cols(first, count), logits.middle_cols(first, count),
            tail.slice(first, count), first_sample + first};
  }
};

/// What becomes of the probability that a teacher gave to the classes that were not kept.
enum class MissingMass {
  renormalise,  ///< it goes to the k classes in proportion: the others count as impossible
  tail_bucket,  ///< all others together are one class more, for student and teacher
  uniform_tail  ///< each of the others gets an equal part
};

}  // namespace kd
