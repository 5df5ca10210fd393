// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/decoupled_kd.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"

namespace kd {

struct DecoupledKdOptions {
  Scheduled temperature = 4;        ///< softens both distributions; positive
  Scheduled target_weight = 1;      ///< of the target class against the rest; zero or more
  Scheduled non_target_weight = 8;  ///< of the other classes among themselves; zero or more
  Index warm_up_epochs = 20;        ///< both weights rise evenly over these; 0: they do not
  static constexpr std::array names{"temperature", "target_weight", "non_target_weight",
                                    "warm_up_epochs"};
};

/// Decoupled distillation (DKD): Hinton's divergence in two parts with weights of their own,
/// `target_weight T^2 KL([p_y, 1 - p_y] || [q_y, 1 - q_y]) + non_target_weight T^2 KL(p^ || q^)`,
/// where y is the sample's class and `^` a distribution over the other classes.
///
/// `SoftTargets` is the same with weights 1 and `1 - p_y`: the surer the teacher, the less it
/// tells of the other classes. With two classes the second part is zero. In epoch e, counted from
/// 1, both weights are multiplied by `min(e / warm_up_epochs, 1)`.
///
/// z: student logits, v: teacher logits, (classes, batch), `p = softmax(v/T)`, `q = softmax(z/T)`;
/// mean over the batch; gradient at y `(T/B) target_weight (q_y - p_y)`, at the other classes
/// `(T/B) [non_target_weight (q^ - p^) - target_weight (q_y - p_y) q^]`. All from logarithms of
/// sums, so that a teacher that is sure to the last bit does no harm. Source: Zhao et al.,
/// "Decoupled knowledge distillation", 2022, equation 7; the weights are its CIFAR-100 ones, where
/// the labels' cross-entropy (`HardLabels`) counts 1.
class DecoupledKd : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "DecoupledKd";
  static constexpr std::array<const char*, 2> terms{"target", "non-target"};
  static constexpr LabelNeed label_need() { return LabelNeed::every; }
  static constexpr bool compares_logits = true;

  /// Throws `ConfigError` when an option is out of its range.
  explicit DecoupledKd(DecoupledKdOptions options = {}) : options_(std::move(options)) {
    if (options_.warm_up_epochs < 0)
      throw ConfigError(detail::text("DecoupledKd: warm_up_epochs must be 0 or more, got ",
                                     options_.warm_up_epochs));
    check_at({});
  }

  void check_at(const Progress& progress) const {
    temperature(progress);
    weights(progress);
  }
  const DecoupledKdOptions& options() const { return options_; }
  std::array<double, 2> weights(const Progress& progress) const {
    const auto epoch = static_cast<double>(progress.epoch() + 1);
    const auto last = static_cast<double>(options_.warm_up_epochs);
    const double warmth = epoch < last ? epoch / last : 1;
    return {warmth * detail::not_negative("DecoupledKd: target_weight", options_.target_weight,
                                          progress),
            warmth * detail::not_negative("DecoupledKd: non_target_weight",
                                          options_.non_target_weight, progress)};
  }

  /// Throws `ConfigError` when there are fewer than two classes.
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    if (student.num_classes() < 2)
      throw ConfigError(
          detail::text("DecoupledKd: expected at least 2 classes, got ", student.num_classes()));
    return detail::make_sample_losses<2>(student, capacity);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, SampleLosses<S, Space, 2>& losses) const {
    const auto [target, non_target] = weights(step.progress);
    op_decoupled_kd(step.space, step.student.logits(), step.teacher_logits, step.batch.labels,
                    static_cast<S>(temperature(step.progress)), detail::batch_scale(target, step),
                    detail::batch_scale(non_target, step), step.student.grad(step.student.depth()),
                    losses.term(0, step.batch.size()), losses.term(1, step.batch.size()));
    losses.add_to(step);
  }

 private:
  double temperature(const Progress& progress) const {
    return detail::temperature("DecoupledKd: temperature", options_.temperature, progress);
  }

  DecoupledKdOptions options_;
};

}  // namespace kd
