// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/view.hpp"

namespace kd {

/// What one step of training works on.
///
/// `indices` are the samples' places in their data set, in the whole of it where the batch is of a
/// slice: a cache of teacher logits or a memory bank looks them up by it, whatever order the
/// samples come in.
template <Real S, class Space = cpu::Space>
struct Batch {
  MatrixView<const S, Space> inputs;       ///< (features, batch)
  VectorView<const Label, Space> labels;   ///< (batch)
  VectorView<const Index, Space> indices;  ///< (batch)

  Index size() const { return inputs.cols; }
};

}  // namespace kd
