// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/reverse_kl.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"

namespace kd {

struct ReverseKlOptions {
  Scheduled temperature = 1;  ///< softens both distributions; positive
  Scheduled weight = 1;       ///< zero or more
  static constexpr std::array names{"temperature", "weight"};
};

/// The divergence of the teacher from the student: `T^2 KL(q || p)`, `p = softmax(v/T)`,
/// `q = softmax(z/T)`. It punishes what the student says and the teacher does not, so that a small
/// student settles on what the teacher thinks likeliest (`SoftTargets` makes it cover everything).
///
/// z: student logits, v: teacher logits, (classes, batch); sum over classes, mean over the batch;
/// gradient `(T/B) q (log q - log p - KL(q || p))`. Source: Gu et al., "MiniLLM", 2024, section
/// 2.1, which has no temperature; T^2 keeps the gradient's size when T changes.
class ReverseKl : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "ReverseKl";
  static constexpr std::array<const char*, 1> terms{"reverse"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }
  static constexpr bool compares_logits = true;

  /// Throws `ConfigError` when an option is out of its range.
  explicit ReverseKl(ReverseKlOptions options = {}) : options_(std::move(options)) { check_at({}); }

  void check_at(const Progress& progress) const {
    temperature(progress);
    weights(progress);
  }
  const ReverseKlOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("ReverseKl: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    return detail::make_sample_losses<1>(student, capacity);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, SampleLosses<S, Space, 1>& losses) const {
    op_reverse_kl(step.space, step.student.logits(), step.teacher_logits,
                  static_cast<S>(temperature(step.progress)),
                  detail::batch_scale(weights(step.progress)[0], step),
                  step.student.grad(step.student.depth()), losses.term(0, step.batch.size()));
    losses.add_to(step);
  }

 private:
  double temperature(const Progress& progress) const {
    return detail::temperature("ReverseKl: temperature", options_.temperature, progress);
  }

  ReverseKlOptions options_;
};

}  // namespace kd
