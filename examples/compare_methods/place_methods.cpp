// SPDX-License-Identifier: MIT
#include "feature_methods.hpp"
#include "map_methods.hpp"

namespace compare {

namespace {

using Student = Images::Student;

/// A method that asks the teacher's own classifier, which only the network itself has.
template <class M>
Method<Student> from_network(const std::string& name, const std::string& recipe, const M& method) {
  return {name, Kind::features, recipe,
          [method](const Lesson<Student>& lesson, kd::Network<Student>& student) {
            return distil(lesson.teacher, lesson, student, kd::HardLabels{}, method);
          }};
}

}  // namespace

std::vector<Method<Student>> place_methods() {
  constexpr kd::Index t = Images::teacher_middle;
  constexpr kd::Index s = Images::student_middle;
  return {
      from_features<Student>("Hint", "1 x 1 convolution, labels +", kd::Hint<t, s>{}),
      hint_then_soft_targets<Student>(kd::Hint<t, s>{}),
      from_features<Student>("AttentionTransfer", "labels +", kd::AttentionTransfer<t, s>{}),
      from_features<Student>("WassersteinFeatures", "labels +",
                             kd::WassersteinFeatures<Images::teacher_last, Images::student_last>{}),
      from_network("CatKd", "labels +", kd::CatKd{}),
      from_network("ScaleDecoupled", "SoftTargets T 4, labels +",
                   kd::ScaleDecoupled(kd::SoftTargets{{.hard_weight = 0}})),
      from_features<Student>("FactorCosine", "of logits, labels +", kd::FactorCosine<30, 35>{})};
}

template <>
std::vector<Method<Student>> feature_methods() {
  std::vector<Method<Student>> all = place_methods();
  for (auto& method : relation_methods()) all.push_back(std::move(method));
  return all;
}

}  // namespace compare
