// SPDX-License-Identifier: MIT
#include "methods.hpp"

namespace compare {

namespace {

const kd::HardLabels<> labels;

}  // namespace

template <class Student>
std::vector<Method<Student>> logit_methods() {
  using Net = kd::Network<Student>;
  std::vector<Method<Student>> all;
  all.push_back({"alone", Kind::alone, "cross-entropy with the labels",
                 [](const Lesson& lesson, Net& student) {
                   return kd::fit(student, lesson.data, kd::CrossEntropy{}, lesson.adam,
                                  lesson.options);
                 }});
  all.push_back(
      {"LabelSmoothing", Kind::logits, "no teacher", [](const Lesson& lesson, Net& student) {
         return kd::fit(student, lesson.data, kd::LabelSmoothing{}, lesson.adam, lesson.options);
       }});
  all.push_back({"VirtualTeacher", Kind::logits, "SoftTargets T 20, 0.9 labels + 0.1",
                 [](const Lesson& lesson, Net& student) {
                   const kd::VirtualTeacher teacher(10);
                   return distil(teacher, lesson, student,
                                 kd::SoftTargets{
                                     {.temperature = 20, .hard_weight = 0.9, .soft_weight = 0.1}});
                 }});

  /// A method that learns from the teacher's logits, beside the labels with a weight.
  const auto add = [&](const std::string& name, const std::string& recipe, const auto&... methods) {
    all.push_back({name, Kind::logits, recipe, [methods...](const Lesson& lesson, Net& student) {
                     return distil(lesson.table, lesson, student, methods...);
                   }});
  };
  const auto weighed = [](double weight) { return kd::HardLabels<>({.weight = weight}); };
  add("SoftTargets", "T 4, 0.1 labels + 0.9", kd::SoftTargets{});
  add("DecoupledKd", "labels +", labels, kd::DecoupledKd{});
  add("LogitStandardization", "0.1 labels +", weighed(0.1), kd::LogitStandardization{});
  add("CorrelationKd", "labels +", labels, kd::CorrelationKd{});
  add("ReverseKl", "labels +", labels, kd::ReverseKl{});
  add("GeneralizedJsd", "labels +", labels, kd::GeneralizedJsd{});
  add("Nkd", "labels +", labels, kd::Nkd{});
  add("Wttm", "labels +", labels, kd::Wttm{});
  add("RefinedLogits", "labels +", labels, kd::RefinedLogits{});
  add("AlphaBeta", "labels +", labels, kd::AlphaBeta{});
  add("MultiLevel", "labels +", labels, kd::MultiLevel{});
  all.push_back(
      {"WassersteinLogits", Kind::logits, "labels +", [](const Lesson& lesson, Net& student) {
         return distil(lesson.table, lesson, student, labels,
                       kd::WassersteinLogits(lesson.class_costs));
       }});
  add("LogitMse", "nothing else", kd::LogitMse{});
  add("AdversarialTemperature", "0.1 labels +", weighed(0.1), kd::AdversarialTemperature{});
  all.push_back({"TopK", Kind::logits, "k 3, T 4, 0.1 labels +",
                 [weighed](const Lesson& lesson, Net& student) {
                   const kd::TopKTeacher teacher(lesson.table, lesson.data, 3);
                   return distil(teacher, lesson, student, weighed(0.1), kd::TopK{});
                 }});
  return all;
}

template std::vector<Method<Narrow>> logit_methods();
template std::vector<Method<Wide>> logit_methods();

}  // namespace compare
