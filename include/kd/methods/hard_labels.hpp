// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/distill/scheduled.hpp"
#include "kd/distill/weighted_losses.hpp"
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
/// (classes, batch); mean over the batch, in which samples count what the data set says
/// (`Dataset::with_weights`, ignored labels); gradient `weight` times that loss's.
template <LabelLoss L = CrossEntropy>
class HardLabels {
 public:
  static constexpr std::array<const char*, 1> terms{"hard"};
  static constexpr LabelNeed label_need() { return LabelNeed::some; }

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
    return detail::make_weighted_losses<1>(student, capacity);
  }
  template <Real S, class Space>
  void prepare(const Dataset& data, WeightedLosses<S, Space>& losses) const {
    losses.prepare(data);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, WeightedLosses<S, Space>& losses) const {
    losses.accumulate(loss_, step, weights(step.progress)[0]);
    losses.add_to(step);
  }

 private:
  L loss_;
  HardLabelsOptions options_;
};

HardLabels()->HardLabels<CrossEntropy>;
HardLabels(HardLabelsOptions)->HardLabels<CrossEntropy>;

}  // namespace kd
