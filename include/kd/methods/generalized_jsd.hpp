// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/generalized_jsd.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"

namespace kd {

struct GeneralizedJsdOptions {
  Scheduled temperature = 1;  ///< softens both distributions; positive
  double beta = 0.5;          ///< the teacher's share of the mixture, in (0, 1)
  Scheduled weight = 1;       ///< zero or more
  static constexpr std::array names{"temperature", "beta", "weight"};
};

/// Generalised Jensen-Shannon divergence: `T^2 [beta KL(p || m) + (1 - beta) KL(q || m)]` with the
/// mixture `m = beta p + (1 - beta) q`, `p = softmax(v/T)`, `q = softmax(z/T)`.
///
/// Bounded (by T^2 log 2 at beta = 1/2, where it is symmetric), unlike either KL. At the ends it is
/// zero: as beta goes to 0 it becomes `beta T^2 KL(p || q)`, as beta goes to 1
/// `(1 - beta) T^2 KL(q || p)`. So a beta of 0 or 1 is refused, and one near them needs a larger
/// weight; some libraries put the whole KL there instead, a jump by a factor of 1 / beta.
///
/// z: student logits, v: teacher logits, (classes, batch); sum over classes, mean over the batch;
/// gradient `(T/B) (1 - beta) q (log q - log m - KL(q || m))`. Source: Agarwal et al., "On-policy
/// distillation of language models", 2024, section 2 (GKD), without T^2; beta = 1/2 as Hugging
/// Face's `GKDTrainer` has it, whose loss divides by no temperature either.
class GeneralizedJsd : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "GeneralizedJsd";
  static constexpr std::array<const char*, 1> terms{"jsd"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }
  static constexpr bool compares_logits = true;

  /// Throws `ConfigError` when an option is out of its range.
  explicit GeneralizedJsd(GeneralizedJsdOptions options = {}) : options_(std::move(options)) {
    if (!detail::is_finite(options_.beta) || options_.beta <= 0 || options_.beta >= 1)
      throw ConfigError(detail::text(
          "GeneralizedJsd: beta must be between 0 and 1, where the divergence is zero (SoftTargets "
          "and ReverseKl are the limits), got ",
          options_.beta));
    check_at({});
  }

  void check_at(const Progress& progress) const {
    temperature(progress);
    weights(progress);
  }
  const GeneralizedJsdOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("GeneralizedJsd: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    detail::check_positive<S>("GeneralizedJsd: beta", options_.beta);
    detail::check_share<S>("GeneralizedJsd: beta", options_.beta);
    return detail::make_sample_losses<1>(student, capacity);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, SampleLosses<S, Space, 1>& losses) const {
    op_generalized_jsd(step.space, step.student.logits(), step.teacher_logits,
                       static_cast<S>(temperature(step.progress)), static_cast<S>(options_.beta),
                       detail::batch_scale(weights(step.progress)[0], step),
                       step.student.grad(step.student.depth()), losses.term(0, step.batch.size()));
    losses.add_to(step);
  }

 private:
  double temperature(const Progress& progress) const {
    return detail::temperature("GeneralizedJsd: temperature", options_.temperature, progress);
  }

  GeneralizedJsdOptions options_;
};

}  // namespace kd
