// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/copy.hpp"
#include "kd/distill/method.hpp"
#include "kd/distill/pair.hpp"
#include "kd/teachers/refers_to.hpp"
#include "kd/train/blame.hpp"
#include "kd/train/finite_samples.hpp"
#include "kd/train/loop.hpp"
#include "kd/train/running.hpp"

namespace kd {

namespace detail {

template <class... Methods>
constexpr auto joined_terms() {
  std::array<const char*, (Methods::terms.size() + ... + 0)> all{};
  std::size_t at = 0;
  ((std::copy(Methods::terms.begin(), Methods::terms.end(), all.begin() + at),
    at += Methods::terms.size()),
   ...);
  return all;
}

}  // namespace detail

/// Trains a student to imitate a teacher: `Distiller(teacher, student, SoftTargets{{...}})`.
///
/// Any number of methods add up. The teacher is `const`: its weights cannot change and its dropout
/// is off. The student is an ordinary network before and after; the distiller leaves nothing in
/// it. Both must outlive the distiller, which is neither copied nor moved. Weights of a method's
/// own (a hint's regressor) train along with the student, with the same optimizer, and stay in the
/// distiller: see `state`.
///
/// Stages are distillers one after the other, each of which takes the student up where the one
/// before left it:
///
///     Distiller(teacher, student, Hint<2, 2>{}).fit(data, Adam{}, {.epochs = 5});
///     Distiller(teacher, student, SoftTargets{}).fit(data, Adam{}, {.epochs = 25});
template <class TeacherT, class StudentT, class... Methods>
class Distiller {
  static_assert(Teacher<TeacherT>,
                "the first argument of a Distiller must be a kd::Teacher: something that gives "
                "logits (see kd/teachers/teacher.hpp)");
  static_assert(!std::is_const_v<StudentT>, "the student is trained: it must not be const");
  static_assert(std::same_as<typename TeacherT::Scalar, typename StudentT::Scalar> &&
                    std::same_as<typename TeacherT::Space, typename StudentT::Space>,
                "teacher and student must compute in the same scalar and the same memory space");
  static_assert(detail::teacher_with<TeacherT::static_classes>::template classes_but_student_with<
                    StudentT::static_classes>::classes_fit,
                "teacher and student must have the same number of classes");
  static_assert(
      detail::teacher_takes<detail::static_features<TeacherT>()>::
          template features_but_student_takes<detail::static_features<StudentT>()>::features_fit,
      "teacher and student must take the same number of input features");
  static_assert(sizeof...(Methods) > 0, "a Distiller needs at least one method");
  static_assert((DistillationMethod<Methods, TeacherT, StudentT> && ...),
                "this type is not a kd::DistillationMethod for these networks (see "
                "kd/distill/method.hpp)");

 public:
  using Scalar = typename StudentT::Scalar;
  using Space = typename StudentT::Space;
  /// What the methods keep, in their order.
  using States = std::tuple<MethodState<Methods, TeacherT, StudentT>...>;

  /// Throws `ShapeError` when the two have different numbers of features or classes, `ConfigError`
  /// when the student is the teacher, or one of those that the teacher asks.
  Distiller(const TeacherT& teacher, StudentT& student, Methods... methods)
      : teacher_(teacher), student_(student), methods_(std::move(methods)...) {
    if (detail::refers_to(teacher, &student))
      throw ConfigError(
          "Distiller: the student is its own teacher: make a copy of the network to teach it");
    detail::check_equal("Distiller", "classes of the teacher, as the student has",
                        student.num_classes(), teacher.num_classes());
    if constexpr (requires { teacher.in_features(); })
      detail::check_equal("Distiller", "input features of the teacher, as the student has",
                          student.in_features(), teacher.in_features());
  }
  Distiller(const Distiller&) = delete;
  Distiller& operator=(const Distiller&) = delete;
  Distiller(const TeacherT&& teacher, StudentT& student, Methods... methods)
      : Distiller(teacher, student, std::move(methods)...) {
    static_assert(detail::never<TeacherT>,
                  "a temporary teacher would be gone before fit is called");
  }

  /// Trains the student. As `kd::fit`; each loss of each method is reported by name. A second call
  /// goes on with the weights that the methods learned in the first.
  template <Optimizer O>
  FitReport fit(const Dataset& data, const O& optimizer, const FitOptions& options = {}) {
    const auto augmented = static_cast<bool>(options.augment);
    detail::check_model_fits("Distiller::fit", student_, data);
    detail::check_model_fits("Distiller::fit, teacher", teacher_, data, augmented);
    detail::check_at_least_one("FitOptions: batch_size", options.batch_size);
    Loader<Scalar, Space> loader(data, options.batch_size, student_.space());
    const Index capacity = std::min(options.batch_size, data.size());
    const detail::Running running("Distiller::fit", &student_);
    make_states(data, capacity);
    Objective<O> objective(*this, optimizer, capacity, Rng(options.seed).stream(0));
    return detail::Training<Space, Objective<O>, O>(objective, optimizer, options, student_.space())
        .run(loader);
  }

  /// What method `I`, counted from 0 as in a tuple, keeps after `fit`: the weights it learned, by
  /// `params()` and `tensors()`, and more that the method names. Throws `ConfigError` before.
  template <std::size_t I>
  const std::tuple_element_t<I, States>& state() const {
    if (!states_) throw ConfigError("Distiller::state: there is none before fit has been called");
    return std::get<I>(*states_);
  }
  template <std::size_t I>
  std::tuple_element_t<I, States>& state() {
    return const_cast<std::tuple_element_t<I, States>&>(std::as_const(*this).template state<I>());
  }

 private:
  /// Calls `f(method, state)` for each method.
  template <class F>
  void for_each_method(States& states, F&& f) const {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (f(std::get<I>(methods_), std::get<I>(states)), ...);
    }
    (std::index_sequence_for<Methods...>());
  }

  /// Makes the states for batches of up to `capacity` samples, which go on from those of the `fit`
  /// before. Where a method throws, the old ones remain.
  void make_states(const Dataset& data, Index capacity) {
    std::apply([](const Methods&... method) { (check_weights(method), ...); }, methods_);
    States states = std::apply(
        [&](const Methods&... method) {
          return States(method.make_state(teacher_, student_, capacity)...);
        },
        methods_);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      if (states_) (go_on(std::get<I>(*states_), std::get<I>(states)), ...);
    }
    (std::index_sequence_for<Methods...>());
    for_each_method(states, [&](const auto& method, auto& state) {
      if constexpr (requires { method.prepare(data, state); }) method.prepare(data, state);
    });
    states_ = std::move(states);
  }

  /// What the methods say their losses count must count as a `Scalar`, too.
  template <class M>
  static void check_weights(const M& method) {
    const auto weights = method.weights(Progress{});
    for (std::size_t k = 0; k < weights.size(); ++k)
      detail::check_not_negative<Scalar>(
          detail::text("weight of the loss \"", M::terms[k], '"').c_str(), weights[k]);
  }

  template <class State>
  void go_on(State& previous, State& state) const {
    if constexpr (detail::TrainableState<State>) {
      if (previous.params().size == 0)
        throw ConfigError("Distiller::fit: the state of a method was moved out: copy it instead");
      op_copy(student_.space(), VectorView<const Scalar, Space>(previous.params()), state.params(),
              Write::overwrite);
    }
    if constexpr (requires { state.resume(previous); }) state.resume(previous);
  }

  /// What one run of training needs beside the methods' states: tapes and optimizer states.
  template <class O>
  class Objective {
   public:
    using Scalar = typename StudentT::Scalar;
    static constexpr auto terms = detail::joined_terms<Methods...>();

    Objective(Distiller& distiller, const O& optimizer, Index capacity, Rng rng)
        : distiller_(distiller),
          rng_(rng),
          teacher_room_(distiller.teacher_.make_workspace(capacity)),
          tape_(distiller.student_.make_workspace(capacity, Mode::training)) {
      for_each_trained([&](auto& trained) {
        optimizer_states_.push_back(
            optimizer.template make_state<Scalar>(trained.params().size, space()));
      });
    }

    std::array<double, terms.size()> weights(const Progress& progress) const {
      std::array<double, terms.size()> all{};
      std::size_t at = 0;
      const auto put = [&](const auto& method) {
        for (const double weight : method.weights(progress)) all[at++] = weight;
      };
      std::apply([&](const Methods&... method) { (put(method), ...); }, distiller_.methods_);
      return all;
    }

    void check_at(const Progress& progress) const {
      const auto ask = [&](const auto& method) {
        if constexpr (requires { method.check_at(progress); }) method.check_at(progress);
      };
      std::apply([&](const Methods&... method) { (ask(method), ...); }, distiller_.methods_);
    }

    void step(const Batch<Scalar, Space>& batch, const Progress& progress,
              VectorView<double, Space> totals) {
      StudentT& student = distiller_.student_;
      const auto teacher_logits = distiller_.teacher_.logits(batch, teacher_room_);
      detail::check_logits("Distiller, teacher", distiller_.teacher_, batch.size(), teacher_logits);
      indices_ = batch.indices;
      teacher_logits_ = teacher_logits;
      const Tape<Scalar, Space>* features = nullptr;
      if constexpr (detail::HasFeatures<TeacherT>) features = &teacher_room_;
      student.zero_grad();
      student.forward(batch.inputs, tape_, rng_.stream(static_cast<std::uint64_t>(progress.step)));
      Index at = 0;
      distiller_.for_each_method(*distiller_.states_, [&](const auto& method, auto& state) {
        if constexpr (detail::TrainableState<std::remove_cvref_t<decltype(state)>>)
          op_zero(student.space(), state.grads());
        const auto count = static_cast<Index>(method.terms.size());
        method.accumulate(
            DistillStep<Scalar, Space>{student.space(), batch, teacher_logits, features, tape_,
                                       progress, totals.slice(at, count)},
            state);
        at += count;
      });
      student.backward(tape_);
    }

    template <class F>
    void for_each_block(F&& f) {
      std::size_t at = 0;
      for_each_trained(
          [&](auto& trained) { f(trained.params(), trained.grads(), optimizer_states_[at++]); });
    }

    std::string blame() {
      std::string name = detail::find_nonfinite_output(distiller_.student_, tape_);
      if (name.empty()) name = blame_teacher();
      if (name.empty()) name = detail::find_nonfinite_logit_gradient(space(), tape_);
      distiller_.for_each_method(*distiller_.states_, [&](const auto& method, auto& state) {
        using State = std::remove_cvref_t<decltype(state)>;
        if constexpr (detail::TrainableState<State>) {
          if (!name.empty() || detail::all_finite(space(), state.grads())) return;
          name = "gradient of the weights";
          if constexpr (requires { state.tensors(); })
            name = detail::find_nonfinite_gradient(state, space());
          name += detail::text(" of the method \"", method.terms.front(), '"');
        }
      });
      if (name.empty()) name = detail::find_nonfinite_gradient(distiller_.student_, space());
      return name;
    }

    std::string tensor_at(Index at) {
      const Index of_student = distiller_.student_.num_params();
      if (at < of_student) return detail::tensor_at(distiller_.student_, at);
      at -= of_student;
      std::string name;
      distiller_.for_each_method(*distiller_.states_, [&](const auto& method, auto& state) {
        if constexpr (detail::TrainableState<std::remove_cvref_t<decltype(state)>>) {
          if (0 <= at && at < state.params().size)
            name = detail::text(detail::tensor_at(state, at), " of the method \"",
                                method.terms.front(), '"');
          at -= state.params().size;
        }
      });
      return name;
    }

   private:
    const Space& space() const { return distiller_.student_.space(); }

    /// What of the teacher's outputs is not finite, and for which sample.
    std::string blame_teacher() const {
      std::string name;
      if constexpr (detail::HasFeatures<TeacherT>)
        for (Index i = 1; i < teacher_room_.depth() && name.empty(); ++i)
          name =
              detail::name_nonfinite_sample(detail::text("output of layer ", i, " of the teacher"),
                                            space(), teacher_room_.value(i), indices_);
      if (name.empty())
        name = detail::name_nonfinite_sample("one of the logits of the teacher", space(),
                                             teacher_logits_, indices_);
      return name;
    }

    /// Calls `f` with what has parameters and gradients: the student, then the methods' states.
    template <class F>
    void for_each_trained(F&& f) {
      f(distiller_.student_);
      distiller_.for_each_method(*distiller_.states_, [&](const auto&, auto& state) {
        if constexpr (detail::TrainableState<std::remove_cvref_t<decltype(state)>>) f(state);
      });
    }

    Distiller& distiller_;
    Rng rng_;
    typename TeacherT::Workspace teacher_room_;
    VectorView<const Index, Space> indices_;          ///< of the last batch
    MatrixView<const Scalar, Space> teacher_logits_;  ///< for it
    Tape<Scalar, Space> tape_;
    std::vector<typename O::template State<Scalar, Space>> optimizer_states_;
  };

  const TeacherT& teacher_;
  StudentT& student_;
  std::tuple<Methods...> methods_;
  std::optional<States> states_;
};

template <class TeacherT, class StudentT, class... Methods>
Distiller(const TeacherT&, StudentT&, Methods...) -> Distiller<TeacherT, StudentT, Methods...>;

}  // namespace kd
