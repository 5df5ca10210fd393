// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <utility>

#include "kd/core/batch.hpp"
#include "kd/core/label_need.hpp"
#include "kd/nn/network.hpp"
#include "kd/optim/schedule.hpp"
#include "kd/teachers/teacher.hpp"

namespace kd {

/// What a method is given in a step: both networks have run forward, nothing has run backward.
template <Real S, class Space>
struct DistillStep {
  const Space& space;
  Batch<S, Space> batch;
  MatrixView<const S, Space> teacher_logits;  ///< (classes, batch)
  const Tape<S, Space>* teacher;              ///< its hidden layers; null when it has none
  Tape<S, Space>& student;
  Progress progress;
  VectorView<double, Space> totals;  ///< one place for each of the method's terms
  /// The student's parameters and their gradients, to be added to: for a method that has a
  /// `static constexpr bool reads_weights` which is true, else empty.
  VectorView<const S, Space> student_params{};
  VectorView<S, Space> student_grads{};
};

/// A method is a description: named fields, no memory. `make_state(teacher, student, capacity)`
/// checks that it suits the two and makes the room it needs; `accumulate(step, state)` adds its
/// weighted gradients to the student's tape, and each of its losses, not weighted and summed over
/// the samples, to `totals`. `terms` names the losses, `weights(progress)` says what they count,
/// and `label_need()` what it reads of the labels: `static constexpr LabelNeed label_need() {
/// return LabelNeed::none; }`. A method that does not say is taken to read every label; one that
/// has a `static constexpr bool reads_targets` which is true reads targets, one that has a true
/// `reads_weights` is given the student's parameters, too.
///
/// Capacity and batch count columns: where a run shows samples in two views, one that compares
/// samples with each other asks `step.batch.views` whether it means to compare the views, too.
///
/// A state may have more, which the distiller finds by its name:
/// - `params()` and `grads()`: weights of the method's own (a hint's regressor), which are trained
///   along with the student. The gradients are zero when `accumulate` is called and are added to.
///   Each `fit` goes on from the weights of the one before.
/// - `tensors()`: the parts of those weights, named as a network's, for messages and files.
/// - `resume(previous)`: what else a `fit` goes on from, taken from the state of the one before;
/// - `keep(kept)`: all of it that steps change, for checkpoints (see `Kept`).
/// A method that says at which layers it looks, `static constexpr std::array<Index, 2> taps`, of
/// the teacher and of the student, or that it looks at none, `looks_inside = false`, saves memory:
/// for others all layers are kept.
/// A method may have `prepare(data, state)`, called before each `fit` does any work, for what
/// depends on the data set (a memory bank), and `check_at(progress)`, which throws `ConfigError`
/// where something else than a weight is scheduled and out of its range (a temperature); that is
/// asked before the first step for every epoch to come, as the weights are.
template <class M, class TeacherT, class StudentT>
concept DistillationMethod = std::copyable<M> && Teacher<TeacherT> &&
    requires(const M method, const TeacherT& teacher, const StudentT& student, Index capacity,
             const DistillStep<typename StudentT::Scalar, typename StudentT::Space>& step,
             Progress progress) {
  { M::terms.size() } -> std::convertible_to<std::size_t>;
  { method.weights(progress) } -> std::same_as<std::array<double, M::terms.size()>>;
  method.make_state(teacher, student, capacity);
} && requires(const M method,
              const DistillStep<typename StudentT::Scalar, typename StudentT::Space>& step,
              decltype(std::declval<const M&>().make_state(std::declval<const TeacherT&>(),
                                                           std::declval<const StudentT&>(),
                                                           Index{})) state) {
  method.accumulate(step, state);
};

/// What a method keeps while a student learns from a teacher.
template <class M, class TeacherT, class StudentT>
using MethodState = decltype(std::declval<const M&>().make_state(
    std::declval<const TeacherT&>(), std::declval<const StudentT&>(), Index{}));

namespace detail {

template <class M>
concept ReadsWeights = requires {
  requires M::reads_weights;
};

/// What a step has of the student's parameters, if one of the methods reads them: parameters and
/// gradients, which are zero where nobody has added to them.
template <class... Methods, class StudentT>
auto weights_for(StudentT& student) {
  using S = typename StudentT::Scalar;
  using Space = typename StudentT::Space;
  std::pair<VectorView<const S, Space>, VectorView<S, Space>> weights;
  if constexpr ((ReadsWeights<Methods> || ...)) weights = {student.params(), student.grads()};
  return weights;
}

template <class M>
concept LooksAtLogits = requires {
  requires M::compares_logits;
}
|| requires { requires !M::looks_inside; };

/// The hidden layers of the student at which the methods look, as far as they say: one that does
/// not may look at any.
template <class... Methods>
Taps student_taps() {
  Taps taps = Taps::none();
  const auto add = [&]<class M>() {
    if constexpr (requires { M::taps; }) {
      taps.layers.push_back(M::taps.back());
    } else if constexpr (!LooksAtLogits<M>) {
      taps.all = true;
    }
  };
  (add.template operator()<Methods>(), ...);
  return taps;
}

template <class State>
concept TrainableState = requires(State state) {
  state.params();
  state.grads();
};

}  // namespace detail
}  // namespace kd
