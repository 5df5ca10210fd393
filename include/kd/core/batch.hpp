// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/view.hpp"

namespace kd {

/// What one step of training works on.
///
/// `indices` are the samples' places in their data set, in the whole of it where the batch is of a
/// slice: a cache of teacher logits or a memory bank looks them up by it, whatever order the
/// samples come in. What the data set lacks is empty. The place of an ignored label holds class 0,
/// and its weight is 0. In two views (`FitOptions::second_view`) each sample stands in it twice,
/// with all that is known of it: all samples in the first view, then all in the second, in the same
/// order, so that columns b and b + samples() are one sample.
template <Real S, class Space = cpu::Space>
struct Batch {
  MatrixView<const S, Space> inputs;       ///< (features, batch)
  VectorView<const Label, Space> labels;   ///< (batch)
  VectorView<const Index, Space> indices;  ///< (batch)
  MatrixView<const S, Space> targets{};    ///< (outputs, batch)
  /// (batch), of mean 1, or 0 where no sample counts: the data set's weights over their mean in
  /// this batch. Empty where all samples count the same.
  VectorView<const S, Space> weights{};
  Index views = 1;

  Index size() const { return inputs.cols; }
  Index samples() const { return size() / views; }
};

}  // namespace kd
