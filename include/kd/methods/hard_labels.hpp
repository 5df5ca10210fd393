// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/loss/cross_entropy.hpp"

namespace kd {

struct HardLabelsOptions {
  Scheduled weight = 1;  ///< zero or more
};

/// A loss on the labels beside the methods that learn from a teacher:
/// `Distiller(teacher, student, HardLabels{}, DecoupledKd{})`.
///
/// It is the cross-entropy `mean_b (log sum_c exp(z_cb) - z_yb)` unless it is given another loss
/// on labels: `HardLabels(LabelSmoothing{{.smoothing = 0.1}}, {.weight = 0.5})`. z: student logits
/// (classes, batch); mean over the batch; gradient `weight` times that loss's.
template <LabelLoss L = CrossEntropy>
class HardLabels {
 public:
  static constexpr std::array<const char*, 1> terms{"hard"};

  /// Throws `ConfigError` when the weight is negative or not finite.
  explicit HardLabels(HardLabelsOptions options = {}) requires std::default_initializable<L>
      : HardLabels(L{}, std::move(options)) {}
  explicit HardLabels(L loss, HardLabelsOptions options = {})
      : loss_(std::move(loss)), options_(std::move(options)) {
    weights({});
  }

  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("HardLabels: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    return detail::make_sample_losses<1>(student, capacity);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, SampleLosses<S, Space, 1>& losses) const {
    const auto [dlogits, write] = step.student.claim_grad(step.student.depth());
    loss_.accumulate(LossStep<S, Space, LabelTarget<S, Space>>{
        step.space, step.student.logits(), step.batch.labels,
        detail::batch_scale(weights(step.progress)[0], step), dlogits, write,
        losses.term(0, step.batch.size())});
    losses.add_to(step);
  }

 private:
  L loss_;
  HardLabelsOptions options_;
};

HardLabels()->HardLabels<CrossEntropy>;
HardLabels(HardLabelsOptions)->HardLabels<CrossEntropy>;

}  // namespace kd
