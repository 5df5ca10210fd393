// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/nkd.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"

namespace kd {

struct NkdOptions {
  Scheduled temperature = 1;          ///< softens the other classes alone; positive
  Scheduled target_weight = 1;        ///< of the sample's class; zero or more
  Scheduled non_target_weight = 1.5;  ///< of the other classes among themselves; zero or more
  static constexpr std::array names{"temperature", "target_weight", "non_target_weight"};
};

/// Normalised distillation (NKD): cross-entropies with what the teacher thinks of the sample's
/// class y, and of the others once they are made to sum to 1,
/// `-target_weight p_y log q_y - non_target_weight T^2 sum_{c != y} p^_c log q^_c`.
///
/// Whatever a teacher leaves to the other classes, it tells as much of them. Beside `DecoupledKd`
/// the student's class is drawn to 1 and not to the teacher's share, all the more the surer the
/// teacher. With two classes the second part is zero; in general it is at least the entropy of p^.
///
/// z: student logits, v: teacher logits, (classes, batch), `p = softmax(v)`, `q = softmax(z)`, `^`
/// a softmax of `v/T` and `z/T` over the classes other than y; mean over the batch; gradient
/// `(1/B) target_weight p_y (q - onehot(y))`, and at the other classes
/// `(T/B) non_target_weight (q^ - p^)` more. Source: Yang et al., "From knowledge distillation to
/// self-knowledge distillation", 2023; temperature and weights are its ImageNet ones, where the
/// labels' cross-entropy (`HardLabels`) counts 1. The authors' code leaves y among the others.
class Nkd : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "Nkd";
  static constexpr std::array<const char*, 2> terms{"target", "non-target"};
  static constexpr LabelNeed label_need() { return LabelNeed::every; }
  static constexpr bool compares_logits = true;

  /// Throws `ConfigError` when an option is out of its range.
  explicit Nkd(NkdOptions options = {}) : options_(std::move(options)) { check_at({}); }

  void check_at(const Progress& progress) const {
    temperature(progress);
    weights(progress);
  }
  const NkdOptions& options() const { return options_; }
  std::array<double, 2> weights(const Progress& progress) const {
    return {detail::not_negative("Nkd: target_weight", options_.target_weight, progress),
            detail::not_negative("Nkd: non_target_weight", options_.non_target_weight, progress)};
  }

  /// Throws `ConfigError` when there are fewer than two classes.
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    if (student.num_classes() < 2)
      throw ConfigError(
          detail::text("Nkd: expected at least 2 classes, got ", student.num_classes()));
    return detail::make_sample_losses<2>(student, capacity);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, SampleLosses<S, Space, 2>& losses) const {
    const auto [target, non_target] = weights(step.progress);
    op_nkd(step.space, step.student.logits(), step.teacher_logits, step.batch.labels,
           static_cast<S>(temperature(step.progress)), detail::batch_scale(target, step),
           detail::batch_scale(non_target, step), step.student.grad(step.student.depth()),
           losses.term(0, step.batch.size()), losses.term(1, step.batch.size()));
    losses.add_to(step);
  }

 private:
  double temperature(const Progress& progress) const {
    return detail::temperature("Nkd: temperature", options_.temperature, progress);
  }

  NkdOptions options_;
};

}  // namespace kd
