// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/wttm.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"

namespace kd {

struct WttmOptions {
  Scheduled temperature = 5;     ///< softens the teacher alone; positive
  bool weighted_samples = true;  ///< false: all count the same (TTM)
  Scheduled weight = 4;          ///< zero or more
  static constexpr std::array names{"temperature", "weighted_samples", "weight"};
};

/// Transformed teacher matching (TTM), its samples weighted (WTTM): the student as it is against a
/// softened teacher, `U KL(softmax(v/T) || softmax(z))`, `U = sum_c p_c^(1/T)`, `p = softmax(v)`.
///
/// `softmax(v/T)` is p to the power 1/T over its sum U, which is large where the teacher is unsure:
/// from 1 to `C^(1 - 1/T)` for T of at least 1. Nothing is multiplied by T^2, for the student's
/// gradient does not shrink with T; without weights and at T = 1 it is `SoftTargets`.
///
/// z: student logits, v: teacher logits, (classes, batch); sum over classes, mean over the batch;
/// gradient `(1/B) U (softmax(z) - softmax(v/T))`. Source: Zheng and Yang, "Knowledge distillation
/// based on transformed teacher matching", 2024, whose powers are 1/T; temperature and weight as in
/// the example beside the authors' code, where the labels' cross-entropy (`HardLabels`) counts 1
/// (its other one: TTM at T = 10, weight 45).
class Wttm : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "Wttm";
  static constexpr std::array<const char*, 1> terms{"transformed"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }
  static constexpr bool compares_logits = true;

  /// Throws `ConfigError` when an option is out of its range.
  explicit Wttm(WttmOptions options = {}) : options_(std::move(options)) { check_at({}); }

  void check_at(const Progress& progress) const {
    temperature(progress);
    weights(progress);
  }
  const WttmOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("Wttm: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    return detail::make_sample_losses<1>(student, capacity);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, SampleLosses<S, Space, 1>& losses) const {
    op_wttm(step.space, step.student.logits(), step.teacher_logits,
            static_cast<S>(temperature(step.progress)), options_.weighted_samples,
            detail::batch_scale(weights(step.progress)[0], step),
            step.student.grad(step.student.depth()), losses.term(0, step.batch.size()));
    losses.add_to(step);
  }

 private:
  double temperature(const Progress& progress) const {
    return detail::temperature("Wttm: temperature", options_.temperature, progress);
  }

  WttmOptions options_;
};

}  // namespace kd
