// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/squared_error.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"

namespace kd {

struct LogitMseOptions {
  Scheduled weight = 1;  ///< zero or more
  static constexpr std::array names{"weight"};
};

/// The student's logits are to be the teacher's: `mean_{c,b} (z_cb - v_cb)^2`.
///
/// z: student logits, v: teacher logits, (classes, batch); mean over classes and batch; gradient
/// `2 (z - v) / (C B)`. It is what `SoftTargets` tends to at high temperature, where
/// `T^2 KL = |z~ - v~|^2 / (2 C)` for logits less their mean, except that here the mean counts too.
/// Source: Ba and Caruana, "Do deep nets really need to be deep?", 2014 (there with
/// a factor 1/2), which uses no labels.
class LogitMse : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "LogitMse";
  static constexpr std::array<const char*, 1> terms{"logit mse"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }
  static constexpr bool compares_logits = true;

  /// Throws `ConfigError` when the weight is negative or not finite.
  explicit LogitMse(LogitMseOptions options = {}) : options_(std::move(options)) { weights({}); }

  const LogitMseOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("LogitMse: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    return detail::make_sample_losses<1>(student, capacity);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, SampleLosses<S, Space, 1>& losses) const {
    op_squared_error(step.space, step.student.logits(), step.teacher_logits,
                     detail::batch_scale(weights(step.progress)[0], step),
                     step.student.grad(step.student.depth()), Write::add,
                     losses.term(0, step.batch.size()));
    losses.add_to(step);
  }

 private:
  LogitMseOptions options_;
};

}  // namespace kd
