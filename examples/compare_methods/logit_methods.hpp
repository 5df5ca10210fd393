// SPDX-License-Identifier: MIT
#pragma once

#include "methods.hpp"

// Methods that learn from the teacher's logits, for whatever student; each file that includes this
// names the students. They are in two parts because compilers take long over them.
namespace compare {

namespace detail {

inline kd::HardLabels<> labels(double weight = 1) { return kd::HardLabels<>({.weight = weight}); }

template <class Student, class... Methods>
Method<Student> from_logits(const std::string& name, const std::string& recipe,
                            const Methods&... methods) {
  return {name, Kind::logits, recipe,
          [methods...](const Lesson<Student>& lesson, kd::Network<Student>& student) {
            return distil(lesson.table, lesson, student, methods...);
          }};
}

}  // namespace detail

template <class Student>
std::vector<Method<Student>> logit_methods() {
  using detail::from_logits;
  using detail::labels;
  using Net = kd::Network<Student>;
  std::vector<Method<Student>> all;
  all.push_back({"alone", Kind::alone, "cross-entropy with the labels",
                 [](const Lesson<Student>& lesson, Net& student) {
                   return kd::fit(student, lesson.data, kd::CrossEntropy{}, lesson.adam,
                                  lesson.options);
                 }});
  all.push_back({"LabelSmoothing", Kind::logits, "no teacher",
                 [](const Lesson<Student>& lesson, Net& student) {
                   return kd::fit(student, lesson.data, kd::LabelSmoothing{}, lesson.adam,
                                  lesson.options);
                 }});
  all.push_back({"VirtualTeacher", Kind::logits, "SoftTargets T 20, 0.9 labels + 0.1",
                 [](const Lesson<Student>& lesson, Net& student) {
                   const kd::VirtualTeacher teacher(10);
                   return distil(teacher, lesson, student,
                                 kd::SoftTargets{
                                     {.temperature = 20, .hard_weight = 0.9, .soft_weight = 0.1}});
                 }});
  all.push_back(from_logits<Student>("SoftTargets", "T 4, 0.1 labels + 0.9", kd::SoftTargets{}));
  all.push_back(from_logits<Student>("DecoupledKd", "labels +", labels(), kd::DecoupledKd{}));
  all.push_back(from_logits<Student>("LogitStandardization", "0.1 labels +", labels(0.1),
                                     kd::LogitStandardization{}));
  all.push_back(from_logits<Student>("CorrelationKd", "labels +", labels(), kd::CorrelationKd{}));
  all.push_back(from_logits<Student>("LogitMse", "nothing else", kd::LogitMse{}));
  all.push_back(from_logits<Student>("AdversarialTemperature", "0.1 labels +", labels(0.1),
                                     kd::AdversarialTemperature{}));
  all.push_back({"TopK", Kind::logits, "k 3, T 4, 0.1 labels +",
                 [](const Lesson<Student>& lesson, Net& student) {
                   const kd::TopKTeacher teacher(lesson.table, lesson.data, 3);
                   return distil(teacher, lesson, student, labels(0.1), kd::TopK{});
                 }});
  return all;
}

template <class Student>
std::vector<Method<Student>> divergence_methods() {
  using detail::from_logits;
  using detail::labels;
  std::vector<Method<Student>> all;
  const auto add = [&](const std::string& name, const auto& method) {
    all.push_back(from_logits<Student>(name, "labels +", labels(), method));
  };
  add("ReverseKl", kd::ReverseKl{});
  add("GeneralizedJsd", kd::GeneralizedJsd{});
  add("Nkd", kd::Nkd{});
  add("Wttm", kd::Wttm{});
  add("RefinedLogits", kd::RefinedLogits{});
  add("AlphaBeta", kd::AlphaBeta{});
  add("MultiLevel", kd::MultiLevel{});
  all.push_back({"WassersteinLogits", Kind::logits, "labels +",
                 [](const Lesson<Student>& lesson, kd::Network<Student>& student) {
                   return distil(lesson.table, lesson, student, labels(),
                                 kd::WassersteinLogits(lesson.class_costs));
                 }});
  return all;
}

}  // namespace compare
