// SPDX-License-Identifier: MIT
#pragma once

#include "methods.hpp"

// Schemes, for whatever student; each file that includes this names the students.
namespace compare {

namespace detail {

/// First weights for networks beside the student.
template <class Student>
kd::Rng beside(const Lesson<Student>& lesson) {
  return kd::Rng(lesson.options.seed).stream(17);
}

}  // namespace detail

template <class Student>
std::vector<Method<Student>> schemes() {
  using Net = kd::Network<Student>;
  using Assistant = kd::Network<typename Setting<Student>::Assistant>;
  std::vector<Method<Student>> all;
  all.push_back({"TeacherAssistant", Kind::scheme,
                 std::string("SoftTargets, through ") + Setting<Student>::assistant_name,
                 [](const Lesson<Student>& lesson, Net& student) {
                   Assistant assistant(detail::beside(lesson));
                   kd::TeacherAssistant chain(lesson.table, assistant, student);
                   return joined(
                       chain.fit(lesson.data, lesson.adam, lesson.options, kd::SoftTargets{}));
                 }});
  all.push_back(
      {"BornAgain", Kind::scheme, "SoftTargets, 2 generations behind the student alone",
       [](const Lesson<Student>& lesson, Net& student) {
         const kd::FitReport first =
             kd::fit(student, lesson.data, kd::CrossEntropy{}, lesson.adam, lesson.options);
         kd::BornAgain family(std::as_const(student),
                              {.generations = 2, .seed = lesson.options.seed}, kd::SoftTargets{});
         std::vector<kd::FitReport> reports = family.fit(lesson.data, lesson.adam, lesson.options);
         student = Net(family.generations().back());
         reports.insert(reports.begin(), first);
         return joined(reports);
       }});
  all.push_back({"MutualLearning", Kind::scheme, "with another of its kind",
                 [](const Lesson<Student>& lesson, Net& student) {
                   Net peer(detail::beside(lesson));
                   kd::MutualLearning pair(kd::MutualLearningOptions{}, student, peer);
                   return pair.fit(lesson.data, lesson.adam, lesson.options);
                 }});
  all.push_back({"MeanTeacher", Kind::scheme, "the mean is tested, labels + LogitMse",
                 [](const Lesson<Student>& lesson, Net& student) {
                   kd::MeanTeacher mean(student, {}, kd::HardLabels{}, kd::LogitMse{});
                   const kd::FitReport report = mean.fit(lesson.data, lesson.adam, lesson.options);
                   student = Net(mean.teacher());
                   return report;
                 }});
  return all;
}

}  // namespace compare
