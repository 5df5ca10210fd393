// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "kd/core/error.hpp"
#include "kd/core/labels.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/to_labels.hpp"
#include "kd/data/annotations.hpp"
#include "kd/data/identity.hpp"
#include "kd/data/places.hpp"
#include "kd/data/stored_inputs.hpp"
#include "kd/data/to_inputs.hpp"

namespace kd {

/// Samples, one column each: inputs (features, samples), and what is known about them: a class
/// each, numbers that a model is to give, what each counts; or nothing, where the teacher's word is
/// enough.
///
/// Inputs are floats, or bytes that are multiplied by `byte_scale` when a batch is gathered: MNIST
/// then takes 47 MB instead of 188. A data set never changes; copies share the samples, and each
/// `with_...` gives one that knows more of them.
class Dataset {
  using FloatInputs = detail::StoredInputs::Floats;
  using ByteInputs = detail::StoredInputs::Bytes;

 public:
  static constexpr float byte_scale = detail::StoredInputs::byte_scale;

  /// Takes over matrices of floats and of bytes, and evaluates expressions, such as `images / 255`.
  /// Numbers of other types become floats and keep their values: of integers only bytes are scaled.
  /// Labels are `Labels` or any vector of integers, an Eigen, `std::vector` or `std::span`.
  /// `classes` is one more than the largest label unless it is given. Throws `DataError` when there
  /// is no sample, a label is outside `[0, classes)` or an input is not finite or beyond what a
  /// float holds, `ShapeError` when there are not as many labels as samples or the labels are a
  /// matrix, `ConfigError` when `classes` is negative.
  template <class Inputs, detail::LabelSource L>
  requires detail::EigenDense<std::remove_cvref_t<Inputs>> Dataset(Inputs&& inputs, L&& labels,
                                                                   Index classes = 0)
      : Dataset(detail::hold(detail::to_inputs(std::forward<Inputs>(inputs))),
                detail::hold(detail::to_labels(std::forward<L>(labels))), classes) {}
  /// The same without labels.
  template <class Inputs>
  requires detail::EigenDense<std::remove_cvref_t<Inputs>>
  explicit Dataset(Inputs&& inputs)
      : Dataset(detail::hold(detail::to_inputs(std::forward<Inputs>(inputs)))) {}

  /// Samples that stay where they are, which must outlive the data set and its copies. Throws as
  /// above.
  static Dataset of_views(MatrixView<const float> inputs, VectorView<const Label> labels,
                          Index classes = 0) {
    return Dataset(FloatInputs{nullptr, inputs}, {nullptr, labels}, classes);
  }
  static Dataset of_views(MatrixView<const std::uint8_t> inputs, VectorView<const Label> labels,
                          Index classes = 0) {
    return Dataset(ByteInputs{nullptr, inputs}, {nullptr, labels}, classes);
  }
  static Dataset of_views(MatrixView<const float> inputs) {
    return Dataset(FloatInputs{nullptr, inputs});
  }
  static Dataset of_views(MatrixView<const std::uint8_t> inputs) {
    return Dataset(ByteInputs{nullptr, inputs});
  }

  // Copies share the samples, and so does what would be moved: no data set is ever empty.
  Dataset(const Dataset&) = default;
  Dataset& operator=(const Dataset&) = default;

  /// These samples with labels, of which one may stand for "no class": those samples teach what a
  /// teacher says of them, and count in no loss on labels and no accuracy. Throws as the
  /// constructor does; `DataError` when all are ignored; `ConfigError` when there are labels
  /// already, or this is a slice.
  template <detail::LabelSource L>
  Dataset with_labels(L&& labels, const LabelOptions& options = {}) const {
    Dataset more = changed("Dataset::with_labels");
    if (has_labels()) throw ConfigError("Dataset::with_labels: the data set has labels already");
    auto held = detail::hold(detail::to_labels(std::forward<L>(labels)));
    check_count("labels", held.view.size);
    more.about_.set_labels(std::move(held), options);
    return more;
  }

  /// These samples with targets, the numbers that a model is to give: (outputs, samples), or a
  /// vector of one a sample, of any type. Throws `ShapeError` when there are not as many as
  /// samples, `DataError` when one is not finite as a float, `ConfigError` when this is a slice.
  template <detail::NumberSource T>
  Dataset with_targets(const T& targets) const {
    Dataset more = changed("Dataset::with_targets");
    auto held = detail::hold(detail::to_rows("targets", targets));
    if (held.view.rows < 1)
      throw ShapeError("Dataset: expected at least one target a sample, got none");
    check_count("targets", held.view.cols, held.view.rows);
    more.about_.set_targets(std::move(held));
    return more;
  }

  /// What is known of these samples with other inputs, (features, samples), such as standardised
  /// ones: a data set of its own. Throws as the constructor does.
  Dataset with_inputs(Matrix<float> inputs) const {
    Dataset other(std::move(inputs));
    check_count("inputs", other.size());
    other.about_ = about_;
    return other;
  }

  /// These samples, each of which counts as much as its weight in losses on labels and targets:
  /// means are `sum(w L) / sum(w)`. Weights multiply those there are. The word of a teacher counts
  /// the same for all. Throws `ShapeError` when there are not as many weights as samples,
  /// `DataError` when one is negative, not finite or neither 0 nor between 1e-18 and 1e18, or all
  /// are 0; `ConfigError` when this is a slice.
  template <detail::NumberSource W>
  Dataset with_weights(const W& weights) const {
    Dataset more = changed("Dataset::with_weights");
    const Matrix<float> row = detail::to_rows("weights", weights);
    if (row.rows() != 1 && row.cols() != 1)
      throw ShapeError(detail::text("Dataset: expected one weight a sample, got ", row.rows()));
    check_count("weights", row.size());
    more.about_.multiply_weights(row.reshaped());
    return more;
  }

  /// The same with a weight for each class, as PyTorch's `CrossEntropyLoss(weight)` has it. Throws
  /// `DataError` too when there are no labels, `ShapeError` when there are not as many weights as
  /// classes.
  template <detail::NumberSource W>
  Dataset with_class_weights(const W& weights) const {
    Dataset more = changed("Dataset::with_class_weights");
    if (!has_labels())
      throw DataError("Dataset::with_class_weights: needs labels, and the data set has none");
    const Matrix<float> of_classes = detail::to_rows("class weights", weights);
    detail::check_equal("Dataset::with_class_weights", "weights, one for each class", classes(),
                        of_classes.size());
    Vector<float> of_samples(size());
    for (Index i = 0; i < size(); ++i)
      of_samples(i) = of_classes.data()[labels_to_gather().data[i]];
    more.about_.multiply_weights(std::move(of_samples));
    return more;
  }

  /// Calls `f(inputs, scale)` with the samples as they are stored, a view of floats or bytes.
  template <class F>
  decltype(auto) visit(F&& f) const {
    return inputs_.visit(std::forward<F>(f));
  }

  Index size() const { return inputs_.samples(); }
  Index features() const { return inputs_.features(); }

  bool has_labels() const { return !labels().empty(); }
  /// How many classes there are; 0 where there are no labels.
  Index classes() const { return about_.classes(); }
  /// The labels as they were given, (samples); empty where there are none.
  VectorView<const Label> labels() const { return about_.labels(); }
  /// The label that stands for "no class", and how many samples have it.
  std::optional<Label> ignored_label() const { return about_.ignored_label(); }
  Index ignored_samples() const { return about_.ignored_samples(); }
  /// The labels as batches have them: class 0 in the place of those that are ignored.
  VectorView<const Label> labels_to_gather() const { return about_.gathered_labels(); }

  bool has_targets() const { return !targets().empty(); }
  /// (outputs, samples); empty where there are none.
  MatrixView<const float> targets() const { return about_.targets(); }

  /// What each sample counts in losses on labels and targets, 0 where its label is ignored;
  /// (samples), and empty where all count the same.
  VectorView<const float> weights() const { return about_.weights(); }

  /// The place of sample `i` in the whole that this set is a slice or a subset of.
  Index place(Index i) const { return places_[i]; }
  /// Whether samples between its own may be missing.
  bool is_subset() const { return places_.is_subset(); }
  /// The place of the first sample.
  Index first() const { return place(0); }
  /// How many samples the whole has.
  Index whole_size() const { return places_.whole_size(); }
  /// Which data set the whole is; slices and subsets are one with it. It is computed when first
  /// asked for, in one pass over the samples.
  DatasetIdentity identity() const;

  /// Samples `first` to `first + count - 1`, sharing the memory of this set and keeping their place
  /// in it. Throws `ShapeError` when there are no such samples.
  Dataset slice(Index first, Index count) const;

  /// A data set of its own, a copy, of some of these samples in the order in which they are named.
  /// Throws `ShapeError` when there are no such samples.
  Dataset select(std::span<const Index> samples) const;

  /// The same, but a part of this set: each sample keeps its place in the whole, so that a table
  /// of a teacher's logits of the whole teaches it. Throws as `select`.
  Dataset subset(std::span<const Index> samples) const;

  /// The inputs as floats, a copy: (features, samples).
  Matrix<float> inputs() const { return inputs_.to_floats(); }

 private:
  explicit Dataset(FloatInputs inputs);
  explicit Dataset(ByteInputs inputs);
  template <class Inputs>
  Dataset(detail::Held<MatrixView<Inputs>> inputs, detail::HeldLabels labels, Index classes)
      : Dataset(std::move(inputs)) {
    check_count("labels", labels.view.size);
    about_.set_labels(std::move(labels), {.classes = classes});
  }

  /// A copy of some samples with what is known of them; the rest is the caller's affair.
  Dataset copy_of(const char* where, std::span<const Index> samples) const;

  /// A copy to change; with a content of its own, and therefore another identity.
  Dataset changed(const char* where) const;

  void check_count(const char* what, Index got, Index other = 0) const {
    detail::check_one_a_sample(what, got, other, features(), size());
  }

  detail::StoredInputs inputs_;
  detail::Annotations about_;
  detail::Places places_;
  std::shared_ptr<detail::LazyFingerprints> fingerprints_ =
      std::make_shared<detail::LazyFingerprints>();
};

#if KD_DEFINES

KD_INLINE Dataset::Dataset(FloatInputs inputs) : inputs_(inputs), places_(inputs.view.cols) {
  detail::check_not_empty(inputs.view);
  detail::check_finite(inputs.view);
}

KD_INLINE Dataset::Dataset(ByteInputs inputs) : inputs_(inputs), places_(inputs.view.cols) {
  detail::check_not_empty(inputs.view);
}

KD_INLINE DatasetIdentity Dataset::identity() const {
  using detail::LazyFingerprints;
  const auto of = [&](LazyFingerprints::Part part, const void* data, Index numbers_a_sample,
                      std::size_t bytes_each) {
    return fingerprints_->get(part, data, first(), whole_size(),
                              static_cast<std::size_t>(numbers_a_sample), bytes_each);
  };
  const std::uint64_t of_inputs = visit([&](const auto& inputs, float) {
    return of(LazyFingerprints::inputs, inputs.data, features(), sizeof *inputs.data);
  });
  return {whole_size(),
          features(),
          of_inputs,
          of(LazyFingerprints::labels, labels().data, 1, sizeof(Label)),
          of(LazyFingerprints::targets, targets().data, targets().rows, sizeof(float)),
          of(LazyFingerprints::weights, weights().data, 1, sizeof(float))};
}

KD_INLINE Dataset Dataset::slice(Index first, Index count) const {
  detail::check_slice("Dataset::slice", first, count, size());
  Dataset part = *this;
  part.places_ = places_.slice(first, count);
  part.about_.slice(first, count);
  part.inputs_ = inputs_.slice(first, count);
  return part;
}

KD_INLINE Dataset Dataset::select(std::span<const Index> samples) const {
  Dataset some = copy_of("Dataset::select", samples);
  some.places_ = detail::Places(some.size());
  some.fingerprints_ = std::make_shared<detail::LazyFingerprints>();
  return some;
}

KD_INLINE Dataset Dataset::subset(std::span<const Index> samples) const {
  Dataset some = copy_of("Dataset::subset", samples);
  (void)identity();  // which the copy shares, and could not compute
  some.places_ = places_.subset(samples);
  return some;
}

KD_INLINE Dataset Dataset::copy_of(const char* where, std::span<const Index> samples) const {
  detail::check_samples(where, samples, size());
  Dataset some = *this;
  some.inputs_ = inputs_.select(samples);
  some.about_.select(samples);
  return some;
}

KD_INLINE Dataset Dataset::changed(const char* where) const {
  if (size() != whole_size() || is_subset())
    throw ConfigError(detail::text(where, ": this is a ", is_subset() ? "subset" : "slice",
                                   ": say it of the whole data set and ",
                                   is_subset() ? "take the subset of" : "slice",
                                   " that, or select()"));
  Dataset copy = *this;
  copy.fingerprints_ = std::make_shared<detail::LazyFingerprints>();
  return copy;
}

#endif

}  // namespace kd
