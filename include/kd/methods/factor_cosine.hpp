// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/factor_cosine.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/tap.hpp"

namespace kd {

struct FactorCosineOptions {
  Scheduled weight = 1;  ///< zero or more
  static constexpr std::array names{"weight"};
};

/// The student's features should point where the teacher's do:
/// `weight mean_B (1 - <f, g> / (|f| |g|))`.
///
/// f: what layer `StudentLayer` of the student gives, g: layer `TeacherLayer` of the teacher, both
/// (features, batch) and of the same width, which is checked at compile time where the types tell;
/// layers are counted from 1. Lengths count as at least 1e-8; shorter features get no gradient.
/// For different widths there is `Hint`.
///
/// Source: Sanh et al., "DistilBERT", 2019, section 3, default weight theirs.
template <Index TeacherLayer, Index StudentLayer>
class FactorCosine : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "FactorCosine";
  static constexpr std::array<const char*, 1> terms{"cosine"};
  static constexpr std::array<Index, 2> taps{TeacherLayer, StudentLayer};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }

  /// Throws `ConfigError` when the weight is out of its range.
  explicit FactorCosine(FactorCosineOptions options = {}) : options_(std::move(options)) {
    weights({});
  }

  const FactorCosineOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("FactorCosine: weight", options_.weight, progress)};
  }

  /// Throws `ShapeError` when the widths differ and only run time knows them.
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    Tap::check_same_width("FactorCosine", teacher, student);
    return detail::make_sample_losses<1>(student, capacity);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, SampleLosses<S, Space>& losses) const {
    op_factor_cosine(step.space, Tap::student_features(step), Tap::teacher_features(step),
                     detail::batch_scale(weights(step.progress)[0], step),
                     Tap::student_gradient(step), losses.term(0, step.batch.size()));
    losses.add_to(step);
  }

 private:
  using Tap = detail::Tap<TeacherLayer, StudentLayer>;

  FactorCosineOptions options_;
};

}  // namespace kd
