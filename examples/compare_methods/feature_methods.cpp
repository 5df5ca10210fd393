// SPDX-License-Identifier: MIT
#include "methods.hpp"

namespace compare {

template <class Student>
std::vector<Method<Student>> feature_methods() {
  using Net = kd::Network<Student>;
  constexpr kd::Index t = teacher_features;
  constexpr kd::Index s = student_features;
  std::vector<Method<Student>> all;
  /// A method that looks into the teacher, beside the labels, as its paper has it.
  const auto add = [&](const std::string& name, const std::string& recipe, const auto& method) {
    all.push_back({name, Kind::features, recipe, [method](const Lesson& lesson, Net& student) {
                     return distil(lesson.features, lesson, student, kd::HardLabels{}, method);
                   }});
  };
  add("Hint", "labels +", kd::Hint<t, s>{});
  all.push_back({"Hint then SoftTargets", Kind::features,
                 "a third of the epochs hints, then soft targets", [](Lesson lesson, Net& student) {
                   const kd::Index epochs = lesson.options.epochs;
                   lesson.options.epochs = std::max<kd::Index>(epochs / 3, 1);
                   const kd::FitReport hints =
                       distil(lesson.features, lesson, student, kd::Hint<t, s>{});
                   if (epochs == 1) return hints;
                   lesson.options.epochs = epochs - lesson.options.epochs;
                   return joined({hints, distil(lesson.table, lesson, student, kd::SoftTargets{})});
                 }});
  add("SimilarityPreserving", "labels +", kd::SimilarityPreserving<t, s>{});
  add("RelationalKd", "labels +", kd::RelationalKd<t, s>{});
  add("ProbabilisticTransfer", "labels +", kd::ProbabilisticTransfer<t, s>{});
  add("VariationalTransfer", "labels +", kd::VariationalTransfer<t, s>{});
  add("Contrastive", "256 negatives, labels +", kd::Contrastive<t, s>{{.negatives = 256}});
  // The hidden layers differ in width, the logits do not.
  add("FactorCosine", "of logits, labels +", kd::FactorCosine<7, 5>{});
  return all;
}

template std::vector<Method<Narrow>> feature_methods();
template std::vector<Method<Wide>> feature_methods();

}  // namespace compare
