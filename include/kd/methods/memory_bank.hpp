// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <limits>
#include <utility>
#include <vector>

#include "kd/core/buffer.hpp"
#include "kd/core/random.hpp"
#include "kd/cpu/ops/contrast.hpp"
#include "kd/data/dataset.hpp"

namespace kd {

/// An embedding of every sample of a whole data set, found by the sample's index: (width, samples),
/// each column of length 1. `normaliser` is what likenesses with its entries are divided by.
template <Real S, class Space = cpu::Space>
struct MemoryBank {
  Index width = 0;
  Buffer<S, Space> buffer = {};
  Buffer<S, Space> normaliser = {};

  MemoryBank() = default;
  /// Begins with random directions.
  MemoryBank(Index embedding_width, Index samples, Rng rng, const Space& space)
      : width(embedding_width), buffer(embedding_width * samples, space), normaliser(1, space) {
    Matrix<S> first(width, samples);
    for (Index i = 0; i < first.size(); ++i) first.data()[i] = rng.symmetric(S(1));
    first.colwise().normalize();
    op_upload(space, view(std::as_const(first)).flat(), buffer.view());
  }

  Index samples() const { return width == 0 ? 0 : buffer.size() / width; }
  MatrixView<S, Space> entries() { return buffer.matrix(width, samples()); }
  MatrixView<const S, Space> entries() const { return buffer.matrix(width, samples()); }
};

/// The samples of a data set, or of a part of one, by class, to draw from those of all classes but
/// one. They go by their places in the whole.
template <class Space = cpu::Space>
class OtherClasses {
 public:
  OtherClasses() = default;

  /// Throws `DataError` when all samples are of one class, `ShapeError` when there are 2^31 or
  /// more.
  OtherClasses(const Dataset& data, const Space& space)
      : samples_(data.whole_size()),
        order_(data.size(), space),
        begins_(data.classes() + 1, space) {
    if (samples_ > std::numeric_limits<std::int32_t>::max())
      throw ShapeError(
          detail::text("OtherClasses: expected fewer than 2^31 samples, got ", samples_));
    const VectorView<const Label> labels = data.labels();
    std::vector<std::int32_t> begins(static_cast<std::size_t>(begins_.size()));
    for (Index i = 0; i < labels.size; ++i) ++begins[static_cast<std::size_t>(labels.data[i]) + 1];
    for (const std::int32_t count : begins)
      if (count == data.size())
        throw DataError(detail::text("OtherClasses: expected samples of at least two classes, got ",
                                     count, " of one"));
    for (std::size_t c = 1; c < begins.size(); ++c) begins[c] += begins[c - 1];
    std::vector<std::int32_t> next = begins;
    std::vector<std::int32_t> order(static_cast<std::size_t>(data.size()));
    for (Index i = 0; i < labels.size; ++i) {
      std::int32_t& place = next[static_cast<std::size_t>(labels.data[i])];
      order[static_cast<std::size_t>(place++)] = static_cast<std::int32_t>(data.place(i));
    }
    op_upload(space, VectorView<const std::int32_t>(order.data(), order_.size()), order_.view());
    op_upload(space, VectorView<const std::int32_t>(begins.data(), begins_.size()), begins_.view());
  }

  /// Draws samples for each of a batch, with replacement: (negatives, batch). A sample's draw
  /// depends on `rng` and its index alone. Throws `ShapeError` when an index on the host is beyond
  /// the data set, `ConfigError` when there is none.
  void draw(const Space& space, Rng rng, VectorView<const Index, Space> indices,
            VectorView<const Label, Space> labels, MatrixView<std::int32_t, Space> drawn) const {
    if (order_.size() == 0) throw ConfigError("OtherClasses: it is empty: make it of a data set");
    if constexpr (std::same_as<Space, cpu::Space>)
      for (Index b = 0; b < indices.size; ++b)
        if (indices.data[b] < 0 || indices.data[b] >= samples_)
          throw ShapeError(detail::text("memory bank: expected sample indices 0 to ", samples_ - 1,
                                        ", got ", indices.data[b]));
    op_draw_other_classes(space, rng, indices, labels, order_.view(), begins_.view(), drawn);
  }

 private:
  Index samples_ = 0;                   ///< of the whole
  Buffer<std::int32_t, Space> order_;   ///< the samples, class after class
  Buffer<std::int32_t, Space> begins_;  ///< where each class begins there, and the end
};

}  // namespace kd
