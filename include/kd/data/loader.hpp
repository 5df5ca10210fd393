// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "kd/core/batch.hpp"
#include "kd/core/buffer.hpp"
#include "kd/core/random.hpp"
#include "kd/cpu/ops/gather.hpp"
#include "kd/data/augment.hpp"
#include "kd/data/dataset.hpp"
#include "kd/data/weights.hpp"

namespace kd {

/// Cuts a data set into batches, in its own order or shuffled; the last one may be smaller.
///
/// It gathers into one buffer of its own, so a batch lasts until the next is asked for. The data
/// set must outlive it, which is why it is neither copied nor moved.
template <Real S, class Space = cpu::Space>
class Loader {
  static constexpr bool hands_out_floats =
      std::same_as<S, float> && std::same_as<Space, cpu::Space>;

 public:
  /// Throws `ConfigError` when `batch_size` is below 1.
  Loader(const Dataset& data, Index batch_size, Space space = {})
      : data_(data), batch_size_(std::min(batch_size, data.size())), space_(std::move(space)) {
    detail::check_at_least_one("Loader: batch_size", batch_size);
    order_.resize(static_cast<std::size_t>(data.size()));
    std::iota(order_.begin(), order_.end(), Index{0});
    make_room();
  }
  Loader(Dataset&&, Index, Space = {}) = delete;
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  const Dataset& data() const { return data_; }
  Index batches() const { return (data_.size() + batch_size_ - 1) / batch_size_; }

  /// A new order, which depends on `rng` alone.
  void shuffle(Rng rng) {
    std::iota(order_.begin(), order_.end(), Index{0});
    kd::shuffle(order_, rng);
  }

  /// From now on every batch goes through `change`; for floats on the CPU. The next batch draws
  /// what batch `first` draws of those that `rng` is for, and an epoch is as many batches as there
  /// are. Throws `ShapeError` when `change` is for other samples.
  void augment(Augment change, Rng rng, std::uint64_t first = 0) requires hands_out_floats {
    change.check(data_.features());
    views_.front() = {std::move(change), rng, first};
  }

  /// From now on every batch holds each sample twice: first all as `augment` has them, then the
  /// same in the same order as `change` makes them of those in the data set. As `augment`; a batch
  /// has up to `2 batch_size` columns.
  void second_view(Augment change, Rng rng, std::uint64_t first = 0) requires hands_out_floats {
    change.check(data_.features(), "second_view");
    views_.resize(2);
    views_.back() = {std::move(change), rng, first};
    make_room();
  }

  /// Batch `i` of the current order. Throws `ShapeError` when there is none.
  Batch<S, Space> batch(Index i) {
    if (i < 0 || i >= batches())
      throw ShapeError(
          detail::text("Loader: expected a batch from 0 to ", batches() - 1, ", got ", i));
    const Index first = i * batch_size_;
    const Index count = std::min(batch_size_, data_.size() - first);
    const Index columns = count * views();
    for (Index v = 0; v < views(); ++v)
      std::copy_n(order_.begin() + first, count, samples_.begin() + v * count);
    for (Index c = 0; c < columns; ++c) {
      const auto at = static_cast<std::size_t>(c);
      places_[at] = data_.place(samples_[at]);
    }
    const VectorView<const Index, Space> samples{samples_.data(), columns};
    const VectorView<const Index, Space> indices{places_.data(), columns};
    const MatrixView<S, Space> inputs = inputs_.matrix(data_.features(), columns);
    data_.visit([&](const auto& stored, float scale) {
      op_gather(space_, stored, samples, static_cast<S>(scale), inputs);
    });
    if constexpr (hands_out_floats)
      for (Index v = 0; v < views(); ++v)
        change_inputs(views_[static_cast<std::size_t>(v)], inputs.middle_cols(v * count, count),
                      indices.slice(v * count, count));
    Batch<S, Space> batch{inputs, {}, indices};
    batch.views = views();
    if (data_.has_labels()) {
      const VectorView<Label, Space> labels = labels_.first(columns);
      op_gather_labels(space_, data_.labels_to_gather(), samples, labels);
      batch.labels = labels;
    }
    if (data_.has_targets()) {
      const MatrixView<S, Space> targets = targets_.matrix(data_.targets().rows, columns);
      op_gather(space_, data_.targets(), samples, S(1), targets);
      batch.targets = targets;
    }
    if (const VectorView<const float> all = data_.weights(); !all.empty()) {
      const MatrixView<S, Space> weights = weights_.matrix(1, columns);
      const double scale = detail::over_their_mean(all, samples);
      op_gather(space_, MatrixView<const float>{all.data, 1, all.size}, samples,
                static_cast<S>(scale), weights);
      batch.weights = weights.flat();
    }
    return batch;
  }

 private:
  /// What a batch shows of each of its samples.
  struct View {
    Augment change = {};
    Rng rng = Rng();
    std::uint64_t batches = 0;  ///< so far
  };

  Index views() const { return static_cast<Index>(views_.size()); }

  void make_room() {
    const Index columns = batch_size_ * views();
    samples_.resize(static_cast<std::size_t>(columns));
    places_.resize(static_cast<std::size_t>(columns));
    inputs_ = Buffer<S, Space>(data_.features() * columns, space_);
    if (data_.has_labels()) labels_ = Buffer<Label, Space>(columns, space_);
    if (data_.has_targets()) targets_ = Buffer<S, Space>(data_.targets().rows * columns, space_);
    if (!data_.weights().empty()) weights_ = Buffer<S, Space>(columns, space_);
  }

  void change_inputs(View& view, MatrixView<S, Space> inputs,
                     VectorView<const Index> indices) requires hands_out_floats {
    if (!view.change) return;
    // Batches draw from the streams from 0 on, epochs from those of the upper half.
    const std::uint64_t epoch = view.batches / static_cast<std::uint64_t>(batches());
    view.change({inputs, indices, view.rng.stream(view.batches),
                 view.rng.stream((std::uint64_t{1} << 62) + epoch)});
    ++view.batches;
  }

  const Dataset& data_;
  Index batch_size_;
  Space space_;
  std::vector<View> views_{View{}};
  std::vector<Index> order_;    ///< of the samples of `data_`
  std::vector<Index> samples_;  ///< those of the batch
  std::vector<Index> places_;   ///< and where they are in the whole
  Buffer<S, Space> inputs_;
  Buffer<Label, Space> labels_;
  Buffer<S, Space> targets_;
  Buffer<S, Space> weights_;
};

}  // namespace kd
