// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstring>

#include "kd/core/batch.hpp"
#include "kd/cuda/ops/gather.cuh"
#include "kd/cuda/pinned.hpp"
#include "kd/data/dataset.hpp"
#include "kd/data/weights.hpp"

namespace kd::cuda::detail {

/// Batches of a data set that stays with the host. The host gathers a batch into pinned memory, in
/// the type in which it is stored, and a second stream copies it; since the host is ahead of the
/// device, that happens while the device still works on the step before. Two sets of buffers take
/// turns.
template <Real S>
class StreamedSamples {
 public:
  StreamedSamples(const Dataset& data, Index batch_size, const Space& space)
      : data_(data),
        space_(space),
        slots_{Slot(data, batch_size, space), Slot(data, batch_size, space)} {
    // The second stream must not write to the slots before they have been zeroed.
    for (Slot& slot : slots_) slot.consumed.record(space_.stream());
  }
  StreamedSamples(const StreamedSamples&) = delete;
  ~StreamedSamples() { (void)cudaStreamSynchronize(copies_.get()); }

  Batch<S, Space> batch(VectorView<const Index> order) {
    // Whatever uses the batch before this one has been put into the stream by now.
    slots_[turn_].consumed.record(space_.stream());
    turn_ = 1 - turn_;
    Slot& slot = slots_[turn_];
    slot.copied.wait();  // the pinned memory is free
    const Index count = order.size;
    for (Index b = 0; b < count; ++b) slot.host_indices.view().data[b] = data_.place(order.data[b]);
    const std::size_t sample_bytes = gather_on_host(slot, order);
    gather_knowledge(slot, order);

    slot.consumed.hold(copies_.get());  // the device's memory is free
    copy(slot.samples.view().data, slot.host_samples.view().data,
         sample_bytes * static_cast<std::size_t>(count));
    copy(slot.indices.view().data, slot.host_indices.view().data,
         static_cast<std::size_t>(count) * sizeof(Index));
    copy_first(slot.labels, slot.host_labels, data_.has_labels() ? count : 0);
    copy_first(slot.targets, slot.host_targets, data_.targets().rows * count);
    copy_first(slot.weights, slot.host_weights, data_.weights().empty() ? 0 : count);
    slot.copied.record(copies_.get());
    slot.copied.hold(space_.stream());

    const MatrixView<S, Space> inputs{slot.inputs.view().data, data_.features(), count};
    data_.visit([&](const auto& samples, float scale) {
      using T = std::remove_cvref_t<decltype(*samples.data)>;
      const auto* const packed = reinterpret_cast<const T*>(slot.samples.view().data);
      for_each<S>(space_, "widen", inputs.size(),
                  Widen<T, S>{packed, inputs.data, static_cast<S>(scale)}, packed, inputs.data);
    });
    Batch<S, Space> batch{inputs, {}, slot.indices.view().slice(0, count)};
    if (data_.has_labels()) batch.labels = slot.labels.view().slice(0, count);
    if (data_.has_targets()) batch.targets = slot.targets.matrix(data_.targets().rows, count);
    if (!data_.weights().empty()) batch.weights = slot.weights.view().slice(0, count);
    return batch;
  }

 private:
  static Index stored_bytes(const Dataset& data) {
    return data.visit([](const auto& samples, float) {
      return samples.rows * static_cast<Index>(sizeof(*samples.data));
    });
  }

  struct Slot {
    Slot(const Dataset& data, Index batch, const Space& space)
        : host_samples(stored_bytes(data) * batch),
          host_labels(data.has_labels() ? batch : 0),
          host_targets(data.targets().rows * batch),
          host_weights(data.weights().empty() ? 0 : batch),
          host_indices(batch),
          samples(stored_bytes(data) * batch, space),
          labels(data.has_labels() ? batch : 0, space),
          targets(data.targets().rows * batch, space),
          weights(data.weights().empty() ? 0 : batch, space),
          indices(batch, space),
          inputs(data.features() * batch, space) {}

    Pinned<std::uint8_t> host_samples;
    Pinned<Label> host_labels;  // what the data set has not, is empty
    Pinned<S> host_targets;
    Pinned<S> host_weights;
    Pinned<Index> host_indices;
    Buffer<std::uint8_t, Space> samples;
    Buffer<Label, Space> labels;
    Buffer<S, Space> targets;
    Buffer<S, Space> weights;
    Buffer<Index, Space> indices;
    Buffer<S, Space> inputs;
    Event copied;    ///< the copies out of pinned memory are done
    Event consumed;  ///< the step that used the slot is done
  };

  std::size_t gather_on_host(Slot& slot, VectorView<const Index> order) const {
    return data_.visit([&](const auto& samples, float) {
      const auto bytes = static_cast<std::size_t>(samples.rows) * sizeof(*samples.data);
      std::uint8_t* to = slot.host_samples.view().data;
      for (Index b = 0; b < order.size; ++b, to += bytes)
        std::memcpy(to, samples.data + order.data[b] * samples.rows, bytes);
      return bytes;
    });
  }

  /// Labels, targets and weights of a batch, as far as there are such.
  void gather_knowledge(Slot& slot, VectorView<const Index> order) const {
    const VectorView<const Label> labels = data_.labels_to_gather();
    const MatrixView<const float> targets = data_.targets();
    const VectorView<const float> weights = data_.weights();
    const auto scale =
        weights.empty() ? S(0) : static_cast<S>(kd::detail::over_their_mean(weights, order));
    for (Index b = 0; b < order.size; ++b) {
      const Index at = order.data[b];
      if (!labels.empty()) slot.host_labels.view().data[b] = labels.data[at];
      for (Index i = 0; i < targets.rows; ++i)
        slot.host_targets.view().data[b * targets.rows + i] =
            static_cast<S>(targets.data[at * targets.rows + i]);
      if (!weights.empty())
        slot.host_weights.view().data[b] = static_cast<S>(weights.data[at]) * scale;
    }
  }

  template <class T>
  void copy_first(Buffer<T, Space>& target, Pinned<T>& source, Index count) const {
    if (count > 0)
      copy(target.view().data, source.view().data, static_cast<std::size_t>(count) * sizeof(T));
  }

  void copy(void* target, const void* source, std::size_t bytes) const {
    check(cudaMemcpyAsync(target, source, bytes, cudaMemcpyDefault, copies_.get()),
          "cudaMemcpyAsync");
  }

  const Dataset& data_;
  Space space_;
  Stream copies_;
  std::array<Slot, 2> slots_;
  std::size_t turn_ = 0;
};

}  // namespace kd::cuda::detail
