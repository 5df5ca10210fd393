// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/soft_targets.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/weighted_losses.hpp"
#include "kd/loss/cross_entropy.hpp"

namespace kd {

struct SoftTargetsOptions {
  Scheduled temperature = 4;    ///< softens both distributions; positive
  Scheduled hard_weight = 0.1;  ///< of the cross-entropy with the labels; zero or more
  Scheduled soft_weight = 0.9;  ///< of the divergence from the teacher; zero or more
  static constexpr std::array names{"temperature", "hard_weight", "soft_weight"};
};

/// Classic distillation: `hard_weight CE(z, y) + soft_weight T^2 KL(softmax(v/T) || softmax(z/T))`.
///
/// z: student logits, v: teacher logits, (classes, batch); sum over classes, mean over the batch;
/// gradient `hard_weight (softmax(z) - onehot(y)) / B + soft_weight (T/B) (q - p)`. The hard part
/// takes the logits as they are, not divided by T; in it samples count what the data set says
/// (`Dataset::with_weights`, ignored labels). With a `hard_weight` of 0 the data set may have no
/// labels; that part is then left out, and reported as 0. Source: Hinton, Vinyals, Dean,
/// "Distilling the knowledge in a neural network", 2015, sections 2 and 2.1; default weights as is
/// common since Tian et al., "Contrastive representation distillation", 2020.
class SoftTargets : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "SoftTargets";
  static constexpr std::array<const char*, 2> terms{"hard", "soft"};
  static constexpr bool compares_logits = true;

  /// Throws `ConfigError` when an option is out of its range, or both weights are zero.
  explicit SoftTargets(SoftTargetsOptions options = {}) : options_(std::move(options)) {
    check_at({});
    if (options_.hard_weight.is_always(0) && options_.soft_weight.is_always(0))
      throw ConfigError("SoftTargets: hard_weight and soft_weight are both 0: nothing to learn");
  }

  const SoftTargetsOptions& options() const { return options_; }
  LabelNeed label_need() const {
    return options_.hard_weight.is_always(0) ? LabelNeed::none : LabelNeed::some;
  }
  void check_at(const Progress& progress) const {
    temperature(progress);
    weights(progress);
  }
  std::array<double, 2> weights(const Progress& progress) const {
    return {detail::not_negative("SoftTargets: hard_weight", options_.hard_weight, progress),
            detail::not_negative("SoftTargets: soft_weight", options_.soft_weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    return detail::make_weighted_losses<2>(student, capacity);
  }
  template <Real S, class Space>
  void prepare(const Dataset& data, WeightedLosses<S, Space, 2>& losses) const {
    losses.prepare(data);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, WeightedLosses<S, Space, 2>& losses) const {
    const auto [hard, soft] = weights(step.progress);
    const Batch<S, Space>& batch = step.batch;
    const bool weighted = !batch.labels.empty() && !batch.weights.empty();
    if (weighted) losses.accumulate(CrossEntropy{}, step, hard, 0);
    const bool in_one_pass = !batch.labels.empty() && !weighted;
    const auto [dlogits, write] = step.student.claim_grad(step.student.depth());
    op_soft_targets(step.space, step.student.logits(), step.teacher_logits, batch.labels,
                    static_cast<S>(temperature(step.progress)), detail::batch_scale(hard, step),
                    detail::batch_scale(soft, step), dlogits, write,
                    in_one_pass ? losses.term(0, batch.size()) : VectorView<S, Space>{},
                    losses.term(1, batch.size()));
    losses.add_to(step);
  }

 private:
  double temperature(const Progress& progress) const {
    return detail::temperature("SoftTargets: temperature", options_.temperature, progress);
  }

  SoftTargetsOptions options_;
};

}  // namespace kd
