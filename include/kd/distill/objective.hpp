// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kd/distill/method.hpp"
#include "kd/teachers/fingerprint.hpp"
#include "kd/train/blame.hpp"
#include "kd/train/finite_samples.hpp"
#include "kd/train/loop.hpp"
#include "kd/train/validate.hpp"

namespace kd::detail {

template <class... Methods>
constexpr auto joined_terms() {
  std::array<const char*, (Methods::terms.size() + ... + 0)> all{};
  std::size_t at = 0;
  ((std::copy(Methods::terms.begin(), Methods::terms.end(), all.begin() + at),
    at += Methods::terms.size()),
   ...);
  return all;
}

/// Calls `f(method, state)` for each method.
template <class Methods, class States, class F>
void for_each_method(const Methods& methods, States& states, F&& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (f(std::get<I>(methods), std::get<I>(states)), ...);
  }
  (std::make_index_sequence<std::tuple_size_v<Methods>>());
}

/// What a distiller minimises in one run of training: the losses of its methods. It owns what lasts
/// for that run, tapes and optimizer states; see `Training` for what it is asked.
template <class O, class TeacherT, class StudentT, class... Methods>
class DistillObjective {
 public:
  using Scalar = typename StudentT::Scalar;
  using Space = typename StudentT::Space;
  using States = std::tuple<MethodState<Methods, TeacherT, StudentT>...>;
  static constexpr auto terms = joined_terms<Methods...>();

  DistillObjective(const TeacherT& teacher, StudentT& student,
                   const std::tuple<Methods...>& methods, States& states, const O& optimizer,
                   Index capacity, Rng rng, TrainingState<O, Scalar, Space>& training)
      : teacher_(teacher),
        student_(student),
        methods_(methods),
        states_(states),
        rng_(rng),
        teacher_room_(teacher.make_workspace(capacity)),
        tape_(student.make_workspace(capacity, Mode::training, student_taps<Methods...>())),
        training_(training) {
    std::vector<Index> sizes;
    for_each_trained([&](auto& trained) { sizes.push_back(trained.params().size); });
    training.begin(optimizer, sizes, space());
    std::size_t at = 0;
    for_each_trained([&](const auto& trained) { training.describe(optimizer, at++, trained); });
    go_on_at(training.steps());
  }

  /// A teacher that draws dropout masks goes on with the next ones.
  void go_on_at(Index step) {
    const auto batches = static_cast<std::uint64_t>(step);
    if constexpr (requires { teacher_room_.go_on_at(batches); }) teacher_room_.go_on_at(batches);
  }

  std::array<double, terms.size()> weights(const Progress& progress) const {
    std::array<double, terms.size()> all{};
    std::size_t at = 0;
    const auto put = [&](const auto& method) {
      for (const double weight : method.weights(progress)) all[at++] = weight;
    };
    std::apply([&](const Methods&... method) { (put(method), ...); }, methods_);
    return all;
  }

  void check_at(const Progress& progress) const {
    const auto ask = [&](const auto& method) {
      if constexpr (requires { method.check_at(progress); }) method.check_at(progress);
    };
    std::apply([&](const Methods&... method) { (ask(method), ...); }, methods_);
  }

  void step(const Batch<Scalar, Space>& batch, const Progress& progress,
            VectorView<double, Space> totals) {
    const auto teacher_logits = teacher_.logits(batch, teacher_room_);
    check_logits("Distiller, teacher", teacher_, batch.size(), teacher_logits);
    indices_ = batch.indices;
    teacher_logits_ = teacher_logits;
    const Tape<Scalar, Space>* features = nullptr;
    if constexpr (HasFeatures<TeacherT>) features = &teacher_room_;
    student_.zero_grad();
    step_rng_ = rng_.stream(static_cast<std::uint64_t>(progress.step));
    student_.forward(batch.inputs, tape_, step_rng_);
    const auto weights = weights_for<Methods...>(student_);
    Index at = 0;
    for_each_method(methods_, states_, [&](const auto& method, auto& state) {
      if constexpr (TrainableState<std::remove_cvref_t<decltype(state)>>)
        op_zero(student_.space(), state.grads());
      const auto count = static_cast<Index>(method.terms.size());
      method.accumulate(
          DistillStep<Scalar, Space>{student_.space(), batch, teacher_logits, features, tape_,
                                     progress, totals.slice(at, count), weights.first,
                                     weights.second},
          state);
      at += count;
    });
    student_.backward(tape_);
  }

  template <class F>
  void for_each_block(F&& f) {
    std::size_t at = 0;
    for_each_trained(
        [&](auto& trained) { f(trained.params(), trained.grads(), training_.block(at++)); });
  }

  template <class F>
  void for_each_follower(F&& f) {
    f(student_.statistics());
  }

  Validation validate(const Dataset& data) const { return detail::validate(student_, data); }

  void identify(RunIdentity& identity) const {
    identify_student(identity);
    identity.add("teacher's classes", teacher_.num_classes());
    if (const auto fingerprint = fingerprint_of_teacher(teacher_))
      identity.add("teacher", "fingerprint " + hexadecimal(*fingerprint));
  }

  void keep(Kept& kept) {
    for_each_method(methods_, states_, [&](const auto& method, auto& state) {
      kept.begin(text(name_of(method), ": "));
      if constexpr (requires { state.keep(kept); })
        state.keep(kept);
      else if constexpr (requires { state.resume(state); })
        throw ConfigError(text("FitOptions: checkpoint needs all that steps change: the state of ",
                               name_of(method), " has resume, but no keep(kept)"));
    });
    kept.begin("");
  }

  std::string blame() {
    std::string name = find_nonfinite_output(student_, tape_.value(0), step_rng_);
    if (name.empty()) name = blame_teacher();
    if (name.empty()) name = find_nonfinite_logit_gradient(space(), tape_);
    for_each_method(methods_, states_, [&](const auto& method, auto& state) {
      using State = std::remove_cvref_t<decltype(state)>;
      if constexpr (TrainableState<State>) {
        if (!name.empty() || all_finite(space(), state.grads())) return;
        name = "gradient of the weights";
        if constexpr (requires { state.tensors(); }) name = find_nonfinite_gradient(state, space());
        name += text(" of the method \"", method.terms.front(), '"');
      }
    });
    if (name.empty()) name = find_nonfinite_gradient(student_, space());
    return name;
  }

  std::string tensor_at(Index at) {
    const Index of_student = student_.num_params();
    if (at < of_student) return detail::tensor_at(student_, at);
    at -= of_student;
    std::string name;
    for_each_method(methods_, states_, [&](const auto& method, auto& state) {
      if constexpr (TrainableState<std::remove_cvref_t<decltype(state)>>) {
        if (0 <= at && at < state.params().size)
          name = text(detail::tensor_at(state, at), " of the method \"", method.terms.front(), '"');
        at -= state.params().size;
      }
    });
    return name;
  }

 protected:
  void identify_student(RunIdentity& identity) const {
    identity.add_network("student", student_);
    const auto add = [&](const auto& method) {
      identity.add("method", name_of(method));
      if constexpr (requires { method.taps; })
        identity.add("layers", text(method.taps[0], " and ", method.taps[1]));
      identity.add_options(name_of(method), method);
    };
    std::apply([&](const Methods&... method) { (add(method), ...); }, methods_);
  }

 private:
  const Space& space() const { return student_.space(); }

  /// What of the teacher's outputs is not finite, and for which sample.
  std::string blame_teacher() const {
    std::string name;
    if constexpr (HasFeatures<TeacherT>)
      for (Index i = 1; i < teacher_room_.depth() && name.empty(); ++i)
        name = name_nonfinite_sample(text("output of layer ", i, " of the teacher"), space(),
                                     teacher_room_.value(i), indices_);
    if (name.empty())
      name = name_nonfinite_sample("one of the logits of the teacher", space(), teacher_logits_,
                                   indices_);
    return name;
  }

  /// Calls `f` with what has parameters and gradients: the student, then the methods' states.
  template <class F>
  void for_each_trained(F&& f) {
    f(student_);
    for_each_method(methods_, states_, [&](const auto&, auto& state) {
      if constexpr (TrainableState<std::remove_cvref_t<decltype(state)>>) f(state);
    });
  }

  const TeacherT& teacher_;
  StudentT& student_;
  const std::tuple<Methods...>& methods_;
  States& states_;
  Rng rng_;
  Rng step_rng_;
  typename TeacherT::Workspace teacher_room_;
  VectorView<const Index, Space> indices_;          ///< of the last batch
  MatrixView<const Scalar, Space> teacher_logits_;  ///< for it
  Tape<Scalar, Space> tape_;
  TrainingState<O, Scalar, Space>& training_;
};

}  // namespace kd::detail
