// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/top_k.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/teachers/top_k_teacher.hpp"

namespace kd {

struct TopKOptions {
  MissingMass missing_mass = MissingMass::tail_bucket;  ///< see there
  Scheduled weight = 0.9;                               ///< zero or more
  static constexpr std::array names{"missing_mass", "weight"};
};

/// Soft targets from a `TopKTeacher`: `T^2 KL` of the student from the k classes that were kept,
/// and from what is known of the others. The temperature is the teacher's, at which it is known.
///
/// z: student logits (classes, batch), `q = softmax(z/T)`; p: the teacher's probabilities, of which
/// `p_rest` is for the classes not kept. Sum over classes, mean over the batch;
/// - `renormalise`: p over its sum in the k classes; gradient `(T/B) (q - p~)`, so that all other
///   classes are pushed down;
/// - `tail_bucket`: the others are one class; gradient `(T/B) (q - p)` in the k classes,
///   `(T/B) q (1 - p_rest / q_rest)` outside: among themselves the others are left alone;
/// - `uniform_tail`: each of the others has `p_rest / (C - k)`; gradient `(T/B) (q - p)`.
///
/// With k = C all three are `SoftTargets`. Source: the first two are what tools that cache the
/// logits of language models offer (`zero` and `symmetric_uniform` in Arcee's DistillKit); the
/// default keeps everything that is known and adds nothing. Weight: that of `SoftTargets`.
class TopK : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "TopK";
  static constexpr std::array<const char*, 1> terms{"top k"};
  static constexpr bool looks_inside = false;
  static constexpr LabelNeed label_need() { return LabelNeed::none; }

  template <Real S, class Space>
  struct State {
    TopKTable<const S, Space> table;
    double temperature;
    SampleLosses<S, Space, 1> losses;
  };

  /// Throws `ConfigError` when the weight is negative or not finite.
  explicit TopK(TopKOptions options = {}) : options_(std::move(options)) { weights({}); }

  const TopKOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("TopK: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    static_assert(std::same_as<TeacherT, TopKTeacher<S, Space, TeacherT::static_classes>>,
                  "the method TopK learns from a kd::TopKTeacher");
    return State<S, Space>{teacher.table(), teacher.temperature(),
                           detail::make_sample_losses<1>(student, capacity)};
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<S, Space>& state) const {
    op_top_k_divergence(step.space, step.student.logits(), state.table, step.batch.indices,
                        static_cast<S>(state.temperature), options_.missing_mass,
                        detail::batch_scale(weights(step.progress)[0], step),
                        step.student.grad(step.student.depth()),
                        state.losses.term(0, step.batch.size()));
    state.losses.add_to(step);
  }

 private:
  TopKOptions options_;
};

}  // namespace kd
