// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "kd/cpu/ops/moving_average.hpp"
#include "kd/distill/distiller.hpp"
#include "kd/teachers/network_teacher.hpp"
#include "kd/train/validate.hpp"

namespace kd {

struct MeanTeacherOptions {
  double decay = 0.999;  ///< how much of the teacher is left after a step, in [0, 1)
  TeacherMode mode = TeacherMode::inference;
  std::uint64_t seed = 0;  ///< of the teacher's dropout masks, in training mode
  static constexpr std::array names{"decay", "mode", "seed"};
};

namespace detail {

/// What a distiller minimises, where an average follows the student: that is what counts.
template <class Base, class N>
class AveragedObjective : public Base {
 public:
  template <class... Args>
  AveragedObjective(N& average, Index& steps, const MeanTeacherOptions& options, Args&&... args)
      : Base(std::forward<Args>(args)...), average_(average), steps_(steps), options_(options) {}

  template <class F>
  void for_each_follower(F&& f) {
    Base::for_each_follower(f);
    f(average_.weights());
  }

  Validation validate(const Dataset& data) const {
    return detail::validate(std::as_const(average_), data);
  }

  void identify(RunIdentity& identity) const {
    this->identify_student(identity);
    for_each_field(options_, [&](const std::string& name, const auto& value) {
      identity.add("MeanTeacher: " + name, value);
    });
  }
  void keep(Kept& kept) {
    Base::keep(kept);
    kept.add("steps of the average", steps_);
  }

 private:
  N& average_;
  Index& steps_;
  const MeanTeacherOptions& options_;
};

}  // namespace detail

/// A student that learns from the moving average of its own weights, `w' = d w' + (1 - d) w` after
/// every step, `d = min(decay, 1 - 1/(t + 1))` in step t, counted from 1: at first a true mean,
/// while there is little to average.
///
///     kd::MeanTeacher mean(student, {.decay = 0.99}, kd::HardLabels{}, kd::LogitMse{});
///     mean.fit(data, kd::Adam{}, {.epochs = 10});
///     kd::evaluate(mean.teacher(), test);       // often the better of the two
///
/// The methods are any that a distiller takes; they find the teacher's logits and hidden layers
/// where a frozen teacher's would be. Until the first step both are the same, so that a method
/// alone would never move the student: give it labels too, and weights that rise
/// (`.weight = LinearRamp{...}`). In the paper teacher and student see different noise: dropout in
/// both (`TeacherMode::training`). Source: Tarvainen and Valpola, "Mean teachers are better role
/// models", 2017, equations 1 and 2; decay 0.99 while the weight rises, 0.999 after.
template <class N, class... Methods>
class MeanTeacher {
  static_assert(!std::is_const_v<N>, "the student is trained: it must not be const");

 public:
  /// Throws `ConfigError` when the decay is out of its range.
  MeanTeacher(N& student, MeanTeacherOptions options, Methods... methods)
      : student_(student), teacher_(student), options_(options), methods_(std::move(methods)...) {
    detail::check_share<typename N::Scalar>("MeanTeacher: decay", options.decay);
  }

  MeanTeacher(const MeanTeacher&) = delete;
  MeanTeacher& operator=(const MeanTeacher&) = delete;

  /// The moving average, a network like the student.
  const N& teacher() const { return teacher_; }

  /// Trains the student, and the teacher with it; a second call goes on with both. As
  /// `Distiller::fit`, but what is validated is the teacher, for that is what one trains this way;
  /// `keep_best` keeps both as they were when it was best.
  template <Optimizer O>
  FitReport fit(const Dataset& data, const O& optimizer, const FitOptions& options = {}) {
    TrainingState<O, typename N::Scalar, typename N::Space> state;
    return fit(data, optimizer, options, state);
  }
  template <Optimizer O>
  FitReport fit(const Dataset& data, const O& optimizer, FitOptions options,
                TrainingState<O, typename N::Scalar, typename N::Space>& state) {
    const NetworkTeacher<N> teacher(teacher_, options_.mode, options_.seed);
    options.on_step = [this, report = std::move(options.on_step)](const StepReport& step) {
      follow();
      return report(step);
    };
    return std::apply(
        [&](const Methods&... methods) {
          using Base = detail::DistillObjective<O, NetworkTeacher<N>, N, Methods...>;
          return Distiller(teacher, student_, methods...)
              .template train<detail::AveragedObjective<Base, N>>(data, optimizer, options, state,
                                                                  teacher_, steps_, options_);
        },
        methods_);
  }

 private:
  void follow() {
    ++steps_;
    const double mean = 1 - 1 / static_cast<double>(steps_ + 1);
    op_moving_average(student_.space(), std::as_const(student_).weights(),
                      std::min(options_.decay, mean), teacher_.weights());
  }

  N& student_;
  N teacher_;
  MeanTeacherOptions options_;
  std::tuple<Methods...> methods_;
  Index steps_ = 0;
};

}  // namespace kd
