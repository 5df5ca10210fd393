// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/view.hpp"

namespace kd {

/// What one step of training works on.
///
/// `indices` are the samples' places in their data set, in the whole of it where the batch is of a
/// slice: a cache of teacher logits or a memory bank looks them up by it, whatever order the
/// samples come in. What the data set lacks is empty. The place of an ignored label holds class 0,
/// and its weight is 0.
template <Real S, class Space = cpu::Space>
struct Batch {
  MatrixView<const S, Space> inputs;       ///< (features, batch)
  VectorView<const Label, Space> labels;   ///< (batch)
  VectorView<const Index, Space> indices;  ///< (batch)
  MatrixView<const S, Space> targets{};    ///< (outputs, batch)
  /// (batch), of mean 1, or 0 where no sample counts: the data set's weights over their mean in
  /// this batch. Empty where all samples count the same.
  VectorView<const S, Space> weights{};

  Index size() const { return inputs.cols; }
};

}  // namespace kd
