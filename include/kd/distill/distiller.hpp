// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <tuple>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/copy.hpp"
#include "kd/distill/method.hpp"
#include "kd/distill/objective.hpp"
#include "kd/distill/pair.hpp"
#include "kd/teachers/refers_to.hpp"
#include "kd/train/loop.hpp"
#include "kd/train/running.hpp"

namespace kd {

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

  /// Trains the student. As `kd::fit`; each loss of each method is reported by name. What is
  /// validated is the student against the labels, by cross-entropy (the hard loss), whatever the
  /// methods minimise; `keep_best` keeps the weights of the methods' own along with the student's.
  /// A second call goes on with the weights that the methods learned in the first.
  template <Optimizer O>
  FitReport fit(const Dataset& data, const O& optimizer, const FitOptions& options,
                TrainingState<O, Scalar, Space>& state) {
    return train<detail::DistillObjective<O, TeacherT, StudentT, Methods...>>(data, optimizer,
                                                                              options, state);
  }
  template <Optimizer O>
  FitReport fit(const Dataset& data, const O& optimizer, const FitOptions& options = {}) {
    TrainingState<O, Scalar, Space> state;
    return fit(data, optimizer, options, state);
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
  template <class, class...>
  friend class MeanTeacher;

  /// `fit`, for an objective that is made from `more` than the distiller has.
  template <class Objective, Optimizer O, class... More>
  FitReport train(const Dataset& data, const O& optimizer, const FitOptions& options,
                  TrainingState<O, Scalar, Space>& state, More&... more) {
    detail::check_model_fits("Distiller::fit", student_, data);
    detail::check_model_fits("Distiller::fit, teacher", teacher_, data, options.changes_inputs());
    const auto check_method = [&](const auto& method) {
      detail::check_method_fits("Distiller::fit", method, student_.num_classes(), data);
    };
    std::apply([&](const Methods&... method) { (check_method(method), ...); }, methods_);
    detail::check_options("Distiller::fit", options, student_);
    Loader<Scalar, Space> loader(data, options.batch_size, student_.space());
    const Index capacity = detail::most_columns(options, data);
    const detail::Running running("Distiller::fit", &student_);
    const detail::Running going_on("Distiller::fit", &state);
    make_states(data, capacity);
    Objective objective(more..., teacher_, student_, methods_, *states_, optimizer, capacity,
                        Rng(options.seed).stream(0), state);
    return detail::Training<Space, Objective, O>(objective, optimizer, options, student_.space(),
                                                 state)
        .run(loader);
  }

  /// Makes the states for batches of up to `capacity` columns, which go on from those of the `fit`
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
    detail::for_each_method(methods_, states, [&](const auto& method, auto& state) {
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

  const TeacherT& teacher_;
  StudentT& student_;
  std::tuple<Methods...> methods_;
  std::optional<States> states_;
};

template <class TeacherT, class StudentT, class... Methods>
Distiller(const TeacherT&, StudentT&, Methods...) -> Distiller<TeacherT, StudentT, Methods...>;

}  // namespace kd
