// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "kd/core/buffer.hpp"
#include "kd/cpu/ops/copy.hpp"
#include "kd/cpu/ops/sum.hpp"
#include "kd/data/dataset.hpp"

namespace kd::detail {

/// The mean of a loss over a data set that is gone through in its own order: `sum_i w_i L_i / sum_i
/// w_i`, all w = 1 where it has no weights.
template <Real S, class Space>
class MeanLoss {
 public:
  MeanLoss(const Dataset& data, Index capacity, const Space& space)
      : weights_(data.weights()), values_(capacity, space), total_(1, space) {
    if (!weights_.empty()) host_.resize(static_cast<std::size_t>(capacity));
  }

  /// Where the losses of a batch are written, before they are added.
  VectorView<S, Space> values(Index batch) { return values_.view().slice(0, batch); }

  /// Adds those of the samples from `first` on.
  void add(const Space& space, Index first, Index batch) {
    const VectorView<const S, Space> losses = values(batch);
    if (weights_.empty()) {
      op_add_sum(space, losses, total_.view());
      sum_of_weights_ += static_cast<double>(batch);
      return;
    }
    op_download(space, losses, VectorView<S>(host_.data(), batch));
    for (Index b = 0; b < batch; ++b) {
      const auto weight = static_cast<double>(weights_.data[first + b]);
      if (weight == 0) continue;
      weighted_ += weight * static_cast<double>(host_[static_cast<std::size_t>(b)]);
      sum_of_weights_ += weight;
    }
  }

  /// Throws `DataError` when no sample counts.
  double mean(const char* where, const Space& space) {
    if (sum_of_weights_ == 0)
      throw DataError(text(where, ": expected at least one sample that counts, got none"));
    return (op_read(space, total_.view()) + weighted_) / sum_of_weights_;
  }

 private:
  VectorView<const float> weights_;
  Buffer<S, Space> values_;
  Buffer<double, Space> total_;
  std::vector<S> host_;
  double weighted_ = 0;
  double sum_of_weights_ = 0;
};

}  // namespace kd::detail
