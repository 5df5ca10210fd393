// SPDX-License-Identifier: MIT
#pragma once

#include <tuple>
#include <utility>
#include <vector>

#include "kd/distill/distiller.hpp"
#include "kd/schemes/distinct.hpp"

namespace kd {

/// Teacher assistants (TAKD): a chain of distillations, where a teacher much larger than the
/// student teaches an assistant of a size between them, and the assistant the student.
///
///     kd::TeacherAssistant chain(teacher, assistant, student);
///     chain.fit(data, kd::Adam{}, {.epochs = 10}, kd::SoftTargets{{.temperature = 4}});
///
/// The networks stand largest first, with any number of assistants; all but the teacher are
/// trained, one after the other, each with the same methods and an optimizer of its own; that all
/// of them fit is asked before the first. Where the links need methods of their own (a hint taps
/// other layers in each), write the distillers one after the other instead: that is all this does.
/// Source: Mirzadeh et al., "Improved knowledge distillation via teacher assistant", 2020,
/// section 3.
template <class TeacherT, class... Students>
class TeacherAssistant {
  static_assert(sizeof...(Students) >= 2,
                "a TeacherAssistant needs a teacher, at least one assistant, and a student");

 public:
  /// Throws `ConfigError` when a network is there twice.
  explicit TeacherAssistant(const TeacherT& teacher, Students&... students)
      : teacher_(teacher), students_(students...) {
    detail::check_distinct("TeacherAssistant", students...);
    if ((detail::refers_to(teacher, &students) || ...))
      throw ConfigError("TeacherAssistant: one of the students is the teacher, or one it asks");
  }
  TeacherAssistant(const TeacherAssistant&) = delete;
  TeacherAssistant& operator=(const TeacherAssistant&) = delete;
  explicit TeacherAssistant(const TeacherT&& teacher, Students&... students)
      : TeacherAssistant(teacher, students...) {
    static_assert(detail::never<TeacherT>,
                  "a temporary teacher would be gone before fit is called");
  }

  /// Trains the assistants, then the student; one report each. As `Distiller::fit`: each network is
  /// validated, has its own patience and keeps its own best weights, with which it teaches the
  /// next. A callback that says stop ends it all: those after that one are not trained. Each has a
  /// checkpoint of its own, `run.checkpoint.1` and so on.
  template <Optimizer O, class... Methods>
  std::vector<FitReport> fit(const Dataset& data, const O& optimizer, const FitOptions& options,
                             const Methods&... methods) {
    const detail::Running running("TeacherAssistant::fit", this);
    const auto check = [&](const auto& teacher, auto& student) {
      const Distiller pair(teacher, student, methods...);
      detail::check_model_fits("TeacherAssistant::fit", student, data);
      detail::check_options("TeacherAssistant::fit", options, student);
    };
    for_each_link(check);
    std::vector<FitReport> reports;
    FitOptions part = options;
    const auto link = [&](const auto& teacher, auto& student) {
      if (!reports.empty() && reports.back().stopped == Stopped::callback) return;
      part.checkpoint = options.checkpoint.part(static_cast<Index>(reports.size()) + 1);
      reports.push_back(Distiller(teacher, student, methods...).fit(data, optimizer, part));
    };
    for_each_link(link);
    return reports;
  }

 private:
  /// Calls `f(teacher, student)` for each link of the chain.
  template <class F>
  void for_each_link(const F& f) const {
    f(teacher_, std::get<0>(students_));
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (f(std::get<I>(students_), std::get<I + 1>(students_)), ...);
    }
    (std::make_index_sequence<sizeof...(Students) - 1>());
  }

  const TeacherT& teacher_;
  std::tuple<Students&...> students_;
};

}  // namespace kd
