// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/refined_logits.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"

namespace kd {

struct RefinedLogitsOptions {
  Scheduled confidence_temperature = 1;  ///< softens both where the class is compared; positive
  Scheduled temperature = 4;             ///< softens both among the other classes; positive
  Scheduled confidence_weight = 1;       ///< of the class against the rest; zero or more
  Scheduled correlation_weight = 8;      ///< of the other classes among themselves; zero or more
  Index warm_up_epochs = 20;             ///< both weights rise evenly over these; 0: they do not
  static constexpr std::array names{"confidence_temperature", "temperature", "confidence_weight",
                                    "correlation_weight", "warm_up_epochs"};
};

/// Distillation with refined logits (RLD): from a teacher that may be wrong the student learns how
/// sure to be, and of which classes it tells nothing that contradicts the label y,
/// `confidence_weight T_c^2 KL([max p, 1 - max p] || [q_y, 1 - q_y])
///  + correlation_weight T^2 KL(p^ || q^)`.
///
/// `max p` is the teacher's largest probability, whichever class has it; `^` is a distribution over
/// the classes of which the teacher's logit is below that of y. Where y is its least likely class
/// none is left, and that part is zero. Of a teacher that is right these are the two parts of
/// `DecoupledKd`. In epoch e, counted from 1, both weights are multiplied by
/// `min(e / warm_up_epochs, 1)`.
///
/// z: student logits, v: teacher logits, (classes, batch); p and q are softmaxes of v and z over
/// T_c (confidence_temperature), p^ and q^ over T; mean over the batch; gradient at y
/// `(T_c/B) confidence_weight (q_y - max p)`, at every other class
/// `-(T_c/B) confidence_weight (q_y - max p) q_c / (1 - q_y)`, and at those left
/// `(T/B) correlation_weight (q^ - p^)` more. Source: Sun et al., "Knowledge distillation with
/// refined logits", 2025; temperatures, weights and warm-up as in the authors' code, where the
/// labels' cross-entropy (`HardLabels`) counts 1. That code takes logarithms of probabilities,
/// which are infinite for a student that is sure of another class; here all are from logarithms of
/// sums.
class RefinedLogits : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "RefinedLogits";
  static constexpr std::array<const char*, 2> terms{"confidence", "correlation"};
  static constexpr LabelNeed label_need() { return LabelNeed::every; }
  static constexpr bool compares_logits = true;

  /// Throws `ConfigError` when an option is out of its range.
  explicit RefinedLogits(RefinedLogitsOptions options = {}) : options_(std::move(options)) {
    if (options_.warm_up_epochs < 0)
      throw ConfigError(detail::text("RefinedLogits: warm_up_epochs must be 0 or more, got ",
                                     options_.warm_up_epochs));
    check_at({});
  }

  void check_at(const Progress& progress) const {
    confidence_temperature(progress);
    temperature(progress);
    weights(progress);
  }
  const RefinedLogitsOptions& options() const { return options_; }
  std::array<double, 2> weights(const Progress& progress) const {
    const auto epoch = static_cast<double>(progress.epoch() + 1);
    const auto last = static_cast<double>(options_.warm_up_epochs);
    const double warmth = epoch < last ? epoch / last : 1;
    return {warmth * detail::not_negative("RefinedLogits: confidence_weight",
                                          options_.confidence_weight, progress),
            warmth * detail::not_negative("RefinedLogits: correlation_weight",
                                          options_.correlation_weight, progress)};
  }

  /// Throws `ConfigError` when there are fewer than two classes.
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    if (student.num_classes() < 2)
      throw ConfigError(
          detail::text("RefinedLogits: expected at least 2 classes, got ", student.num_classes()));
    return detail::make_sample_losses<2>(student, capacity);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, SampleLosses<S, Space, 2>& losses) const {
    const auto [confidence, correlation] = weights(step.progress);
    op_refined_logits(step.space, step.student.logits(), step.teacher_logits, step.batch.labels,
                      static_cast<S>(confidence_temperature(step.progress)),
                      static_cast<S>(temperature(step.progress)),
                      detail::batch_scale(confidence, step), detail::batch_scale(correlation, step),
                      step.student.grad(step.student.depth()), losses.term(0, step.batch.size()),
                      losses.term(1, step.batch.size()));
    losses.add_to(step);
  }

 private:
  double confidence_temperature(const Progress& progress) const {
    return detail::temperature("RefinedLogits: confidence_temperature",
                               options_.confidence_temperature, progress);
  }
  double temperature(const Progress& progress) const {
    return detail::temperature("RefinedLogits: temperature", options_.temperature, progress);
  }

  RefinedLogitsOptions options_;
};

}  // namespace kd
