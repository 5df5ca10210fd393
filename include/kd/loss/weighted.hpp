// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/batch.hpp"
#include "kd/core/buffer.hpp"
#include "kd/core/model_fits.hpp"
#include "kd/cpu/ops/weigh.hpp"
#include "kd/loss/loss.hpp"

namespace kd::detail {

/// A loss whose samples count what `weights` say, of mean 1 over the batch; all the same where that
/// is empty. Where the loss has to add to a gradient it works in `room`, of the logits' size.
template <Real S, class Space, class L, class Target>
void accumulate_weighted(const L& loss, LossStep<S, Space, Target> step,
                         VectorView<const S, Space> weights, Buffer<S, Space>& room) {
  if (weights.empty()) return loss.accumulate(step);
  const MatrixView<S, Space> dlogits = step.dlogits;
  const Write write = step.write_dlogits;
  if (!dlogits.empty() && write == Write::add)
    step.dlogits = room.matrix(dlogits.rows, dlogits.cols);
  step.write_dlogits = Write::overwrite;
  loss.accumulate(step);
  op_weigh(step.space, weights, MatrixView<const S, Space>(step.dlogits), dlogits, write,
           step.values);
}

/// What a loss compares the outputs of a batch with: its labels or its targets.
template <class L, Real S, class Space>
auto target_of(const Batch<S, Space>& batch) {
  if constexpr (LabelLoss<L>)
    return batch.labels;
  else
    return batch.targets;
}

/// What a loss that compares outputs with labels or targets needs of a data set must be there.
template <class L, class Data>
void check_loss_fits(const char* where, Index outputs, const Data& data) {
  if constexpr (LabelLoss<L>)
    check_labels_suffice(where, "the loss", LabelNeed::some, data);
  else
    check_targets_fit(where, "the loss", outputs, data);
}

}  // namespace kd::detail
