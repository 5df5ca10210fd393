// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/buffer.hpp"
#include "kd/cpu/ops/sum.hpp"
#include "kd/distill/method.hpp"

namespace kd {

/// Room for the loss of every sample of a batch, once for each of a method's terms: all the state
/// that most methods on logits need.
template <Real S, class Space, Index Terms = 1>
class SampleLosses {
 public:
  SampleLosses(Index capacity, const Space& space)
      : capacity_(capacity), values_(Terms * capacity, space) {}

  /// Where a kernel writes term `k` of a batch. Throws `ShapeError` when the batch is larger than
  /// the capacity.
  VectorView<S, Space> term(Index k, Index batch) {
    if (batch > capacity_ || values_.size() == 0)
      throw ShapeError(detail::text("SampleLosses: expected room for ", batch,
                                    " samples, got room for ", values_.size() / Terms));
    return values_.view().slice(k * capacity_, batch);
  }

  /// Adds the sum of each term over the batch to the step's totals.
  void add_to(const DistillStep<S, Space>& step) {
    for (Index k = 0; k < Terms; ++k)
      op_add_sum(step.space, VectorView<const S, Space>(term(k, step.batch.size())),
                 step.totals.slice(k, 1));
  }

 private:
  Index capacity_;
  Buffer<S, Space> values_;
};

namespace detail {

/// The state of a method with `Terms` losses on the logits of this student.
template <Index Terms, class StudentT>
auto make_sample_losses(const StudentT& student, Index capacity) {
  return SampleLosses<typename StudentT::Scalar, typename StudentT::Space, Terms>(capacity,
                                                                                  student.space());
}

/// What turns the gradient of each sample's loss into that of the weighted batch mean. Throws
/// `ConfigError` when a weight that changes on the way is infinite as an `S`.
template <Real S>
S batch_scale(double weight, Index samples) {
  const auto scale = static_cast<S>(weight / static_cast<double>(samples));
  if (!is_finite(scale))
    throw ConfigError(
        text("weight of a loss must be finite in ", scalar_name<S>, ", got ", weight));
  return scale;
}
template <Real S, class Space>
S batch_scale(double weight, const DistillStep<S, Space>& step) {
  return batch_scale<S>(weight, step.batch.size());
}

}  // namespace detail
}  // namespace kd
