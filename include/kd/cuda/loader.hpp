// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "kd/cuda/resident_samples.hpp"
#include "kd/cuda/streamed_samples.hpp"
#include "kd/data/loader.hpp"

namespace kd {

/// Cuts a data set into batches on a device. A set that fits (`SpaceOptions::resident_bytes`) is
/// brought there once, as it is stored, and gathered by index; of a larger one, each batch is
/// gathered by the host and copied while the device still works on the step before.
///
/// A batch lasts until the next is asked for. The data set must outlive the loader.
template <Real S>
class Loader<S, cuda::Space> {
  using Space = cuda::Space;

 public:
  /// Throws `ConfigError` when `batch_size` is below 1, `cuda::Error` when memory runs out.
  Loader(const Dataset& data, Index batch_size, Space space = {})
      : data_(data),
        batch_size_(std::min(batch_size, data.size())),
        order_(static_cast<std::size_t>(data.size())) {
    detail::check_at_least_one("Loader: batch_size", batch_size);
    std::iota(order_.begin(), order_.end(), Index{0});
    if (is_resident(space)) {
      resident_ = std::make_unique<cuda::detail::ResidentSamples<S>>(data, batch_size_, space);
      resident_->set_order(order());
    } else {
      streamed_ = std::make_unique<cuda::detail::StreamedSamples<S>>(data, batch_size_, space);
    }
  }
  Loader(Dataset&&, Index, Space = {}) = delete;
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  const Dataset& data() const { return data_; }
  Index batches() const { return (data_.size() + batch_size_ - 1) / batch_size_; }

  /// A new order, which depends on `rng` alone: the CPU's.
  void shuffle(Rng rng) {
    std::iota(order_.begin(), order_.end(), Index{0});
    kd::shuffle(order_, rng);
    if (resident_) resident_->set_order(order());
  }

  /// Batch `i` of the current order. Throws `ShapeError` when there is none.
  Batch<S, Space> batch(Index i) {
    if (i < 0 || i >= batches())
      throw ShapeError(
          detail::text("Loader: expected a batch from 0 to ", batches() - 1, ", got ", i));
    const Index first = i * batch_size_;
    const Index count = std::min(batch_size_, data_.size() - first);
    if (resident_) return resident_->batch(first, count);
    return streamed_->batch(order().slice(first, count));
  }

 private:
  VectorView<const Index> order() const { return {order_.data(), data_.size()}; }

  bool is_resident(const Space& space) const {
    const Index bytes = data_.visit([](const auto& samples, float) {
      return samples.size() * static_cast<Index>(sizeof(*samples.data));
    });
    const Index limit = space.options().resident_bytes;
    if (limit >= 0) return bytes <= limit;
    std::size_t free = 0;
    std::size_t total = 0;
    (void)space.stream();  // makes the space's device the current one
    cuda::detail::check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    return static_cast<std::size_t>(bytes) <= free / 2;
  }

  const Dataset& data_;
  Index batch_size_;
  std::vector<Index> order_;
  // One of the two.
  std::unique_ptr<cuda::detail::ResidentSamples<S>> resident_;
  std::unique_ptr<cuda::detail::StreamedSamples<S>> streamed_;
};

}  // namespace kd
