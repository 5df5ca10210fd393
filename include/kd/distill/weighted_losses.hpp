// SPDX-License-Identifier: MIT
#pragma once

#include "kd/distill/sample_losses.hpp"
#include "kd/loss/weighted.hpp"

namespace kd {

/// The state of a method that compares the student's outputs with labels or targets, whose samples
/// may have weights; the method hands on `prepare`.
template <Real S, class Space, Index Terms = 1>
class WeightedLosses : public SampleLosses<S, Space, Terms> {
 public:
  WeightedLosses(Index outputs, Index capacity, const Space& space)
      : SampleLosses<S, Space, Terms>(capacity, space),
        size_(outputs * capacity),
        room_(0, space) {}

  /// Makes room for what is to be weighed, where the data set has weights.
  void prepare(const Dataset& data) {
    room_ = Buffer<S, Space>(data.weights().empty() ? 0 : size_, room_.space());
  }

  /// Adds the gradient of a loss that counts `weight` to the student's, and writes term `k`.
  template <Loss L>
  void accumulate(const L& loss, const DistillStep<S, Space>& step, double weight, Index k = 0) {
    const auto [gradient, write] = step.student.claim_grad(step.student.depth());
    const auto target = detail::target_of<L>(step.batch);
    detail::accumulate_weighted(
        loss,
        LossStep<S, Space, std::remove_const_t<decltype(target)>>{
            step.space, step.student.logits(), target, detail::batch_scale(weight, step), gradient,
            write, this->term(k, step.batch.size())},
        step.batch.weights, room_);
  }

 private:
  Index size_;
  Buffer<S, Space> room_;
};

namespace detail {

template <Index Terms, class StudentT>
auto make_weighted_losses(const StudentT& student, Index capacity) {
  return WeightedLosses<typename StudentT::Scalar, typename StudentT::Space, Terms>(
      student.num_classes(), capacity, student.space());
}

}  // namespace detail
}  // namespace kd
