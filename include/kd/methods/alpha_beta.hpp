// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/alpha_beta.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"

namespace kd {

struct AlphaBetaOptions {
  Scheduled temperature = 4;   ///< softens both distributions; positive
  double teacher_power = 0.8;  ///< of the teacher's probabilities (alpha); zero or more
  double student_power = 0.3;  ///< of the student's probabilities (beta); zero or more
  Scheduled weight = 2;        ///< zero or more
  static constexpr std::array names{"temperature", "teacher_power", "student_power", "weight"};
};

/// The alpha-beta divergence (ABKD), which has both KLs as corners: with a the teacher's power and
/// b the student's, `T^2 D`,
/// `D = sum_c [a/(a+b) p^(a+b) + b/(a+b) q^(a+b) - p^a q^b] / (a b)`,
/// `p = softmax(v/T)`, `q = softmax(z/T)`.
///
/// The larger a, the more the student looks to where it is far off; the larger b, the more to where
/// it is sure itself. Where a power is 0, D is its limit, as exact:
/// - b = 0: `sum_c [p^a log(p^a/q^a) - p^a + q^a] / a^2`, at a = 1 `SoftTargets`' divergence
/// - a = 0: `sum_c [q^b log(q^b/p^b) - q^b + p^b] / b^2`, at b = 1 `ReverseKl`
/// - both: `sum_c (log p - log q)^2 / 2`
///
/// z: student logits, v: teacher logits, (classes, batch); sum over classes, mean over the batch;
/// gradient `(T/B) (h - q sum_c h)`, `h = q^b (q^a - p^a) / a`. A negative power is refused: it has
/// no bound where a probability vanishes. Source: Wang et al., "ABKD: pursuing a proper allocation
/// of the probability mass in knowledge distillation via alpha-beta-divergence", 2025; powers as in
/// the authors' example, whose weight of 32 at T = 4 has T^2 in it. Their code divides the limits
/// by a or b instead of its square, which is a jump unless that is 1.
class AlphaBeta : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "AlphaBeta";
  static constexpr std::array<const char*, 1> terms{"alpha-beta"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }
  static constexpr bool compares_logits = true;

  /// Throws `ConfigError` when an option is out of its range.
  explicit AlphaBeta(AlphaBetaOptions options = {}) : options_(std::move(options)) {
    check_powers<double>();
    check_at({});
  }

  void check_at(const Progress& progress) const {
    temperature(progress);
    weights(progress);
  }
  const AlphaBetaOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("AlphaBeta: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    check_powers<typename StudentT::Scalar>();
    return detail::make_sample_losses<1>(student, capacity);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, SampleLosses<S, Space, 1>& losses) const {
    op_alpha_beta(step.space, step.student.logits(), step.teacher_logits,
                  static_cast<S>(temperature(step.progress)),
                  static_cast<S>(options_.teacher_power), static_cast<S>(options_.student_power),
                  detail::batch_scale(weights(step.progress)[0], step),
                  step.student.grad(step.student.depth()), losses.term(0, step.batch.size()));
    losses.add_to(step);
  }

 private:
  template <Real S>
  void check_powers() const {
    detail::check_not_negative<S>("AlphaBeta: teacher_power", options_.teacher_power);
    detail::check_not_negative<S>("AlphaBeta: student_power", options_.student_power);
    detail::check_not_negative<S>("AlphaBeta: teacher_power + student_power",
                                  options_.teacher_power + options_.student_power);
  }
  double temperature(const Progress& progress) const {
    return detail::temperature("AlphaBeta: temperature", options_.temperature, progress);
  }

  AlphaBetaOptions options_;
};

}  // namespace kd
