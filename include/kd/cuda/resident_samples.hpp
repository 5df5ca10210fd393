// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/core/batch.hpp"
#include "kd/cuda/ops/gather.cuh"
#include "kd/data/dataset.hpp"

namespace kd::cuda::detail {

/// A data set in the device's memory, in the type in which it is stored.
template <Real S>
class ResidentSamples {
 public:
  ResidentSamples(const Dataset& data, Index batch_size, const Space& space)
      : space_(space),
        features_(data.features()),
        first_(data.first()),
        labels_(data.size(), space),
        order_(data.size(), space),
        batch_inputs_(data.features() * batch_size, space),
        batch_labels_(batch_size, space) {
    data.visit([&](const auto& samples, float scale) {
      scale_ = static_cast<S>(scale);
      using T = std::remove_cvref_t<decltype(*samples.data)>;
      if constexpr (std::is_same_v<T, std::uint8_t>) {
        bytes_ = Buffer<std::uint8_t, Space>(samples.size(), space);
        op_upload(space, samples.flat(), bytes_.view());
      } else {
        floats_ = Buffer<float, Space>(samples.size(), space);
        op_upload(space, samples.flat(), floats_.view());
      }
    });
    op_upload(space, data.labels(), labels_.view());
  }

  /// The samples in the order in which batches take them.
  void set_order(VectorView<const Index> order) { op_upload(space_, order, order_.view()); }

  Batch<S, Space> batch(Index first, Index count) {
    const VectorView<const Index, Space> indices = order_.view().slice(first, count);
    const MatrixView<S, Space> inputs{batch_inputs_.view().data, features_, count};
    const VectorView<Label, Space> labels = batch_labels_.view().slice(0, count);
    gather_from(bytes_, indices, inputs);
    gather_from(floats_, indices, inputs);
    op_gather_labels(space_, VectorView<const Label, Space>(labels_.view()), indices, labels,
                     first_);
    return {inputs, labels, indices};
  }

 private:
  template <class T>
  void gather_from(const Buffer<T, Space>& samples, VectorView<const Index, Space> indices,
                   MatrixView<S, Space> inputs) {
    if (samples.size() == 0) return;
    op_gather(space_, MatrixView<const T, Space>{samples.view().data, features_, labels_.size()},
              indices, scale_, inputs, first_);
  }

  Space space_;
  Index features_;
  Index first_;  ///< the place of the first sample, from which indices count
  S scale_ = 1;
  Buffer<std::uint8_t, Space> bytes_;  // one of the two
  Buffer<float, Space> floats_;
  Buffer<Label, Space> labels_;
  Buffer<Index, Space> order_;
  Buffer<S, Space> batch_inputs_;
  Buffer<Label, Space> batch_labels_;
};

}  // namespace kd::cuda::detail
