// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>
#include <vector>

#include "kd/core/batch.hpp"
#include "kd/cuda/ops/gather.cuh"
#include "kd/data/dataset.hpp"
#include "kd/data/weights.hpp"

namespace kd::cuda::detail {

/// A data set in the device's memory, in the type in which it is stored.
template <Real S>
class ResidentSamples {
 public:
  ResidentSamples(const Dataset& data, Index batch_size, const Space& space)
      : space_(space),
        features_(data.features()),
        data_(data),
        samples_(data.size()),
        outputs_(data.targets().rows),
        host_weights_(data.weights()),
        labels_(data.labels().size, space),
        targets_(data.targets().size(), space),
        weights_(data.weights().size, space),
        order_(data.size(), space),
        places_(data.size(), space),
        batch_inputs_(data.features() * batch_size, space),
        batch_labels_(data.has_labels() ? batch_size : 0, space),
        batch_targets_(outputs_ * batch_size, space),
        batch_weights_(data.weights().empty() ? 0 : batch_size, space) {
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
    if (data.has_labels()) op_upload(space, data.labels_to_gather(), labels_.view());
    if (data.has_targets()) op_upload(space, data.targets().flat(), targets_.view());
    if (!data.weights().empty()) op_upload(space, data.weights(), weights_.view());
  }

  /// The samples in the order in which batches take them; the host's numbers must stay.
  void set_order(VectorView<const Index> order) {
    host_order_ = order;
    op_upload(space_, order, order_.view());
    std::vector<Index> places(static_cast<std::size_t>(order.size));
    for (Index i = 0; i < order.size; ++i)
      places[static_cast<std::size_t>(i)] = data_.place(order.data[i]);
    op_upload(space_, VectorView<const Index>(places.data(), order.size), places_.view());
  }

  Batch<S, Space> batch(Index first, Index count) {
    const VectorView<const Index, Space> samples = order_.view().slice(first, count);
    const MatrixView<S, Space> inputs{batch_inputs_.view().data, features_, count};
    gather_from(bytes_, samples, scale_, inputs);
    gather_from(floats_, samples, scale_, inputs);
    Batch<S, Space> batch{inputs, {}, places_.view().slice(first, count)};
    if (labels_.size() > 0) {
      const VectorView<Label, Space> labels = batch_labels_.view().slice(0, count);
      op_gather_labels(space_, VectorView<const Label, Space>(labels_.view()), samples, labels);
      batch.labels = labels;
    }
    if (targets_.size() > 0) {
      const MatrixView<S, Space> targets = batch_targets_.matrix(outputs_, count);
      gather_from(targets_, samples, S(1), targets);
      batch.targets = targets;
    }
    if (weights_.size() > 0) {
      const MatrixView<S, Space> weights = batch_weights_.matrix(1, count);
      const double scale =
          kd::detail::over_their_mean(host_weights_, host_order_.slice(first, count));
      gather_from(weights_, samples, static_cast<S>(scale), weights);
      batch.weights = weights.flat();
    }
    return batch;
  }

 private:
  template <class T>
  void gather_from(const Buffer<T, Space>& all, VectorView<const Index, Space> samples, S scale,
                   MatrixView<S, Space> out) {
    if (all.size() == 0) return;
    op_gather(space_, MatrixView<const T, Space>{all.view().data, out.rows, samples_}, samples,
              scale, out);
  }

  Space space_;
  Index features_;
  const Dataset& data_;
  Index samples_;
  Index outputs_;
  VectorView<const float> host_weights_;
  VectorView<const Index> host_order_;
  S scale_ = 1;
  Buffer<std::uint8_t, Space> bytes_;  // one of the two
  Buffer<float, Space> floats_;
  Buffer<Label, Space> labels_;  // what the data set has not, is empty
  Buffer<float, Space> targets_;
  Buffer<float, Space> weights_;
  Buffer<Index, Space> order_;
  Buffer<Index, Space> places_;  ///< of the samples in the whole, in that order
  Buffer<S, Space> batch_inputs_;
  Buffer<Label, Space> batch_labels_;
  Buffer<S, Space> batch_targets_;
  Buffer<S, Space> batch_weights_;
};

}  // namespace kd::cuda::detail
