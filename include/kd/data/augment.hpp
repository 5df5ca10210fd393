// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "kd/core/error.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/random.hpp"
#include "kd/core/shape.hpp"
#include "kd/core/view.hpp"

namespace kd {

/// A batch whose inputs are about to be changed, in place.
struct AugmentedBatch {
  MatrixView<float> inputs;         ///< (features, batch), one column a sample; `map` for Eigen
  VectorView<const Index> samples;  ///< which samples of the data set they are
  Rng batch_rng;                    ///< another one for every batch
  Rng epoch_rng;                    ///< another one for every time that the data are gone through

  /// What the sample in this column draws from: a function of seed, epoch and sample alone, so that
  /// neither the order, nor the size of the batches, nor the number of threads changes anything.
  Rng rng(Index column) const {
    return epoch_rng.stream(static_cast<std::uint64_t>(samples.data[column]));
  }
};

/// How the inputs of a batch are changed at random (`FitOptions::augment`, `second_view`): a
/// function of `(inputs, rng)` or of an `AugmentedBatch`, or ready parts for images,
/// `AugmentImages`. None: they stay as they are.
class Augment {
  template <class F>
  static constexpr bool takes_inputs = std::invocable<F&, Eigen::Ref<Matrix<float>>, Rng>;
  template <class F>
  static constexpr bool takes_batch = std::invocable<F&, const AugmentedBatch&> && !takes_inputs<F>;

 public:
  Augment() = default;

  /// `change(inputs, rng)`; inputs: (features, batch); `rng` is another one for every batch.
  template <class F, class Inputs = Eigen::Ref<Matrix<float>>>
  requires(takes_inputs<F>) Augment(F change) {
    std::function<void(Inputs, Rng)> inner(std::move(change));
    if (inner)
      change_ = [inner = std::move(inner)](const AugmentedBatch& batch) {
        inner(map(batch.inputs), batch.batch_rng);
      };
    if (change_) description_ = "a function";
  }

  /// `change(batch)`. One that has a `shape()` is for images of that shape, and one that has a
  /// `describe()` is told from others by a checkpoint.
  template <class F>
  requires(takes_batch<F>) Augment(F change) {
    if constexpr (requires { change.shape(); }) shape_ = change.shape();
    description_ = "a function";
    if constexpr (requires { change.describe(); }) description_ = change.describe();
    change_ = std::move(change);
    if (!change_) description_ = "none";
  }

  explicit operator bool() const { return static_cast<bool>(change_); }
  void operator()(const AugmentedBatch& batch) const { change_(batch); }
  const std::string& describe() const { return description_; }

  /// Throws `ShapeError` where it is for images and samples of `features` are none of those.
  void check(Index features, const char* option = "augment") const {
    if (shape_.is_known() && shape_.features() != features)
      throw ShapeError(detail::text(option, ": expected samples of ",
                                    detail::describe_shape(shape_), ", that is ", shape_.features(),
                                    " features, got ", features));
  }

 private:
  std::function<void(const AugmentedBatch&)> change_;
  std::string description_ = "none";
  Shape shape_ = detail::unknown_shape;
};

}  // namespace kd
