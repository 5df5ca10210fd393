// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "kd/cpu/ops/standardize.hpp"
#include "kd/methods/logits_only.hpp"
#include "kd/methods/wrapper.hpp"

namespace kd {

/// Logit standardisation (LSKD): a method on logits sees `z' = (z - mean(z)) / (std(z) + 1e-7)`
/// instead of z, and v' instead of v: the student need not reach the size of the teacher's logits,
/// only their proportions. `LogitStandardization{}`, `LogitStandardization(DecoupledKd{})`.
///
/// Mean and std are over the classes of each sample, std with C - 1; both are (classes, batch).
/// With G the method's gradient at z', that at z is
/// `(G - mean(G)) / (std + 1e-7) - z' <G, z'> / ((C - 1) std)`. What the labels say is about z
/// itself: that is for `HardLabels` beside it. Terms and weights are the method's; on its own it is
/// soft targets at T = 2 with weight 9. Source: Sun et al., "Logit standardization in knowledge
/// distillation", 2024, algorithm 1, where the labels' cross-entropy counts 0.1.
template <class M = SoftTargets>
class LogitStandardization : public detail::Wrapper<M> {
  static_assert(detail::ComparesLogits<M>,
                "LogitStandardization needs a method that compares the logits of the two networks, "
                "such as SoftTargets or DecoupledKd");
  using Wrapper = detail::Wrapper<M>;

 public:
  static constexpr const char* name = "LogitStandardization";
  static constexpr bool compares_logits = true;

  /// The method's own state, and logits to put before it.
  template <class Inner, Real S, class Space>
  struct State : detail::WrapperState<Inner> {
    Tape<S, Space> student;
    Buffer<S, Space> teacher;
    Buffer<S, Space> student_deviations;
    Buffer<S, Space> teacher_deviations;
  };

  LogitStandardization() requires std::same_as<M, SoftTargets>
      : Wrapper(SoftTargets({.temperature = 2, .hard_weight = 0, .soft_weight = 9})) {}
  /// Throws `ConfigError` when the method compares the standardised logits with labels.
  explicit LogitStandardization(M method) : Wrapper(std::move(method)) {
    detail::refuse_hard_labels(name, this->method());
  }

  /// Throws `ConfigError` when there are fewer than two classes.
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    const Index classes = student.num_classes();
    if (classes < 2)
      throw ConfigError(
          detail::text("LogitStandardization: expected at least 2 classes, got ", classes));
    auto inner = this->method().make_state(teacher, student, capacity);
    return State<decltype(inner), S, Space>{
        {std::move(inner)},
        Tape<S, Space>(detail::LogitsOnly(classes), capacity, Mode::training, student.space()),
        Buffer<S, Space>(classes * capacity, student.space()),
        Buffer<S, Space>(capacity, student.space()),
        Buffer<S, Space>(capacity, student.space())};
  }

  template <class Inner, Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<Inner, S, Space>& state) const {
    const MatrixView<const S, Space> logits = step.student.logits();
    const MatrixView<S, Space> teacher = state.teacher.matrix(logits.rows, logits.cols);
    const VectorView<S, Space> deviations = state.student_deviations.first(logits.cols);
    state.student.begin(logits);
    op_standardize(step.space, logits, state.student.output(1), deviations);
    op_standardize(step.space, step.teacher_logits, teacher,
                   state.teacher_deviations.first(logits.cols));
    this->method().accumulate(DistillStep<S, Space>{step.space, step.batch, teacher, nullptr,
                                                    state.student, step.progress, step.totals},
                              state.inner);
    op_standardize_backward(
        step.space, state.student.logits(), VectorView<const S, Space>(deviations),
        MatrixView<const S, Space>(state.student.grad(1)), step.student.grad(step.student.depth()));
  }
};

LogitStandardization()->LogitStandardization<SoftTargets>;

}  // namespace kd
