// SPDX-License-Identifier: MIT
#include "methods.hpp"

namespace compare {

namespace {

/// Between the teacher and either student.
using Assistant = kd::Sequential<kd::Linear<784, 300>, kd::ReLU, kd::Linear<300, 300>, kd::ReLU,
                                 kd::Linear<300, 10>>;

/// First weights for networks beside the student.
kd::Rng beside(const Lesson& lesson) { return kd::Rng(lesson.options.seed).stream(17); }

}  // namespace

template <class Student>
std::vector<Method<Student>> schemes() {
  using Net = kd::Network<Student>;
  std::vector<Method<Student>> all;
  all.push_back({"TeacherAssistant", Kind::scheme, "SoftTargets, through 784-300-300-10",
                 [](const Lesson& lesson, Net& student) {
                   kd::Network<Assistant> assistant(beside(lesson));
                   kd::TeacherAssistant chain(lesson.table, assistant, student);
                   return joined(
                       chain.fit(lesson.data, lesson.adam, lesson.options, kd::SoftTargets{}));
                 }});
  all.push_back(
      {"BornAgain", Kind::scheme, "SoftTargets, 2 generations behind the student alone",
       [](const Lesson& lesson, Net& student) {
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
                 [](const Lesson& lesson, Net& student) {
                   Net peer(beside(lesson));
                   kd::MutualLearning pair(kd::MutualLearningOptions{}, student, peer);
                   return pair.fit(lesson.data, lesson.adam, lesson.options);
                 }});
  all.push_back({"MeanTeacher", Kind::scheme, "the mean is tested, labels + LogitMse",
                 [](const Lesson& lesson, Net& student) {
                   kd::MeanTeacher mean(student, {}, kd::HardLabels{}, kd::LogitMse{});
                   const kd::FitReport report = mean.fit(lesson.data, lesson.adam, lesson.options);
                   student = Net(mean.teacher());
                   return report;
                 }});
  return all;
}

template std::vector<Method<Narrow>> schemes();
template std::vector<Method<Wide>> schemes();

}  // namespace compare
