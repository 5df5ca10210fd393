// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>
#include <variant>

#include "kd/core/error.hpp"
#include "kd/core/fingerprint.hpp"
#include "kd/core/finite.hpp"
#include "kd/core/labels.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/to_labels.hpp"
#include "kd/data/identity.hpp"
#include "kd/data/to_inputs.hpp"

namespace kd {

/// Samples with labels: inputs (features, samples), one column a sample, and a class for each.
///
/// Inputs are floats, or bytes that are multiplied by `byte_scale` when a batch is gathered: MNIST
/// then takes 47 MB instead of 188. A data set never changes; copies share the samples.
class Dataset {
 private:
  template <class View>
  struct Held {
    std::shared_ptr<const void> owner;
    View view;
  };

  template <class Owned>
  static auto own(Owned from) -> Held<decltype(kd::view(std::as_const(from)))> {
    const auto owner = std::make_shared<const Owned>(std::move(from));
    return {owner, kd::view(*owner)};
  }

 public:
  static constexpr float byte_scale = 1.F / 255;

  /// Takes over matrices of floats and of bytes; labels are `Labels` or any vector of integers, an
  /// Eigen, `std::vector` or `std::span`. `classes` is one more than the largest label unless it is
  /// given. Throws `DataError` when there is no sample, a label is outside `[0, classes)` or an
  /// input is not finite, `ShapeError` when there are not as many labels as samples or the labels
  /// are a matrix, `ConfigError` when `classes` is negative.
  template <detail::LabelSource L>
  Dataset(Matrix<float> inputs, L&& labels, Index classes = 0)
      : Dataset(own(std::move(inputs)), own(detail::to_labels(std::forward<L>(labels))), classes) {}
  template <detail::LabelSource L>
  Dataset(Bytes inputs, L&& labels, Index classes = 0)
      : Dataset(own(std::move(inputs)), own(detail::to_labels(std::forward<L>(labels))), classes) {}
  /// The same for an expression, such as `images / 255`, which is evaluated. Numbers of other types
  /// become floats and keep their values: of integers only bytes are scaled. Throws also
  /// `DataError` when a number is beyond what a float holds.
  template <class Inputs, detail::LabelSource L>
  Dataset(const Eigen::DenseBase<Inputs>& inputs, L&& labels, Index classes = 0)
      : Dataset(own(detail::to_inputs(inputs)), own(detail::to_labels(std::forward<L>(labels))),
                classes) {}

  /// Samples that stay where they are, which must outlive the data set and its copies. Throws as
  /// above.
  static Dataset of_views(MatrixView<const float> inputs, VectorView<const Label> labels,
                          Index classes = 0) {
    return Dataset(Held<MatrixView<const float>>{nullptr, inputs}, {nullptr, labels}, classes);
  }
  static Dataset of_views(MatrixView<const std::uint8_t> inputs, VectorView<const Label> labels,
                          Index classes = 0) {
    return Dataset(Held<MatrixView<const std::uint8_t>>{nullptr, inputs}, {nullptr, labels},
                   classes);
  }

  // Copies share the samples, and so does what would be moved: no data set is ever empty.
  Dataset(const Dataset&) = default;
  Dataset& operator=(const Dataset&) = default;

  /// Calls `f(inputs, scale)` with the samples as they are stored, a view of floats or bytes.
  template <class F>
  decltype(auto) visit(F&& f) const {
    return std::visit(
        [&](const auto& held) -> decltype(auto) {
          return f(held.view, std::is_same_v<std::remove_cvref_t<decltype(*held.view.data)>, float>
                                  ? 1.F
                                  : byte_scale);
        },
        inputs_);
  }

  Index size() const { return labels_.view.size; }
  Index classes() const { return classes_; }
  Index features() const {
    return visit([](const auto& inputs, float) { return inputs.rows; });
  }
  VectorView<const Label> labels() const { return labels_.view; }

  /// The place of the first sample in the whole that this set is a slice of; 0 where it is none.
  Index first() const { return first_; }
  /// How many samples the whole has.
  Index whole_size() const { return whole_size_; }
  /// Which data set the whole is; slices are one with it. It is computed when first asked for, in
  /// one pass over the samples.
  DatasetIdentity identity() const {
    using Fingerprints = detail::LazyFingerprints;
    const auto of = [](const auto* data, Index size) {
      using T = std::remove_cvref_t<decltype(*data)>;
      return detail::Fingerprint::of(data, static_cast<std::size_t>(size) * sizeof(T), sizeof(T));
    };
    return {whole_size_, features(),
            fingerprints_->get(Fingerprints::inputs,
                               [&] {
                                 return visit([&](const auto& inputs, float) {
                                   return of(inputs.data - first_ * inputs.rows,
                                             whole_size_ * inputs.rows);
                                 });
                               }),
            fingerprints_->get(Fingerprints::labels,
                               [&] { return of(labels().data - first_, whole_size_); })};
  }

  /// Samples `first` to `first + count - 1`, sharing the memory of this set and keeping their place
  /// in it. Throws `ShapeError` when there are no such samples.
  Dataset slice(Index first, Index count) const {
    if (first < 0 || count < 1 || first > size() || count > size() - first)
      throw ShapeError(detail::text("Dataset::slice: expected samples within 0 to ", size() - 1,
                                    ", got ", count, " from ", first));
    Dataset part = *this;
    part.first_ += first;
    part.labels_.view = labels_.view.slice(first, count);
    std::visit([&](auto& held) { held.view = held.view.middle_cols(first, count); }, part.inputs_);
    return part;
  }

  /// The inputs as floats, a copy: (features, samples).
  Matrix<float> inputs() const {
    return visit([](const auto& stored, float scale) -> Matrix<float> {
      return map(stored).template cast<float>() * scale;
    });
  }

 private:
  template <class Inputs>
  Dataset(Held<Inputs> inputs, Held<VectorView<const Label>> labels, Index classes)
      : inputs_(inputs), labels_(std::move(labels)), classes_(classes), whole_size_(size()) {
    const Index rows = inputs.view.rows;
    const Index cols = inputs.view.cols;
    if (cols < 1 || rows < 1)
      throw DataError(detail::text("Dataset: expected at least one sample, got inputs (", rows,
                                   " features, ", cols, " samples)"));
    if (cols != size())
      throw ShapeError(detail::text(
          "Dataset: expected as many labels as samples, got ", size(), " labels for ", cols,
          " samples",
          rows == size() ? "; are the inputs (samples, features)? transpose them" : ""));
    if (classes < 0)
      throw ConfigError(
          detail::text("Dataset: classes must be at least 1, or 0 to count them, got ", classes));
    if (classes == 0)
      classes_ = detail::count_classes(labels_.view);
    else
      detail::check_labels(labels_.view, classes);
    if constexpr (std::is_same_v<Inputs, MatrixView<const float>>) check_finite(inputs.view);
  }

  static void check_finite(MatrixView<const float> inputs) {
    for (Index i = 0; i < inputs.size(); ++i)
      if (!detail::is_finite(inputs.data[i]))
        throw DataError(detail::text("Dataset: expected finite inputs, got ", inputs.data[i],
                                     " at sample ", i / inputs.rows, ", feature ",
                                     i % inputs.rows));
  }

  std::variant<Held<MatrixView<const float>>, Held<MatrixView<const std::uint8_t>>> inputs_;
  Held<VectorView<const Label>> labels_;
  Index classes_;
  Index first_ = 0;
  Index whole_size_;
  std::shared_ptr<detail::LazyFingerprints> fingerprints_ =
      std::make_shared<detail::LazyFingerprints>();
};

}  // namespace kd
