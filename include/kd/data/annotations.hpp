// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <utility>

#include "kd/core/labels.hpp"
#include "kd/data/held.hpp"
#include "kd/data/weights.hpp"

namespace kd {

struct LabelOptions {
  Index classes = 0;                 ///< 0: one more than the largest label
  std::optional<Label> ignore = {};  ///< stands for "no class", such as -1
};

namespace detail {

using HeldLabels = Held<VectorView<const Label>>;
using HeldTargets = Held<MatrixView<const float>>;

/// What a data set knows about its samples; what there is none of is an empty view.
class Annotations {
 public:
  /// Throws `DataError` when a label is out of range, or all are ignored, `ConfigError` when the
  /// number of classes is negative.
  void set_labels(HeldLabels labels, const LabelOptions& options);

  void set_targets(HeldTargets targets) { targets_ = std::move(targets); }

  /// Throws `DataError` when a product cannot be a weight, or all are 0.
  void multiply_weights(Vector<float> by);

  Index classes() const { return classes_; }
  VectorView<const Label> labels() const { return labels_.view; }
  VectorView<const Label> gathered_labels() const {
    return ignored_ ? gathered_labels_.view : labels_.view;
  }
  std::optional<Label> ignored_label() const { return ignored_; }
  Index ignored_samples() const;
  MatrixView<const float> targets() const { return targets_.view; }
  VectorView<const float> weights() const { return weights_.view; }

  void slice(Index first, Index count);
  void select(std::span<const Index> samples);

 private:
  Index classes_ = 0;
  std::optional<Label> ignored_;
  HeldLabels labels_;
  HeldLabels gathered_labels_;  ///< where some are ignored: class 0 in their place
  HeldTargets targets_;
  Held<VectorView<const float>> weights_;
};

#if KD_DEFINES

KD_INLINE void Annotations::set_labels(HeldLabels labels, const LabelOptions& options) {
  if (options.classes < 0)
    throw ConfigError(
        text("Dataset: classes must be at least 1, or 0 to count them, got ", options.classes));
  classes_ = options.classes;
  if (classes_ == 0)
    classes_ = count_classes(labels.view, options.ignore);
  else
    check_labels(labels.view, classes_, options.ignore);
  labels_ = std::move(labels);
  ignored_ = options.ignore;
  if (ignored_samples() == 0) ignored_.reset();
  if (!ignored_) return;
  Vector<float> counts(labels_.view.size);
  Labels gathered(labels_.view.size);
  for (Index i = 0; i < labels_.view.size; ++i) {
    const Label label = labels_.view.data[i];
    counts.data()[i] = label == *ignored_ ? 0.F : 1.F;
    gathered.data()[i] = label == *ignored_ ? 0 : label;
  }
  multiply_weights(std::move(counts));
  gathered_labels_ = hold(std::move(gathered));
}

KD_INLINE void Annotations::multiply_weights(Vector<float> by) {
  for (Index i = 0; i < weights().size; ++i) by.data()[i] *= weights().data[i];
  check_weights({by.data(), by.size()});
  weights_ = hold(std::move(by));
}

KD_INLINE Index Annotations::ignored_samples() const {
  Index count = 0;
  for (Index i = 0; ignored_ && i < labels().size; ++i) count += labels().data[i] == *ignored_;
  return count;
}

KD_INLINE void Annotations::slice(Index first, Index count) {
  const auto cut = [&](auto& held) {
    if (!held.view.empty()) held.view = held.view.slice(first, count);
  };
  cut(labels_);
  cut(gathered_labels_);
  cut(weights_);
  if (!targets_.view.empty()) targets_.view = targets_.view.middle_cols(first, count);
}

KD_INLINE void Annotations::select(std::span<const Index> samples) {
  const auto take = [&](auto& held) {
    if (!held.view.empty()) held = hold_columns(held.view, samples);
  };
  take(labels_);
  take(gathered_labels_);
  take(targets_);
  take(weights_);
}

#endif

}  // namespace detail
}  // namespace kd
