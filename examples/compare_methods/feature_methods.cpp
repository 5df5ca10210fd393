// SPDX-License-Identifier: MIT
#include "feature_methods.hpp"

namespace compare {

template <class Student>
std::vector<Method<Student>> feature_methods() {
  constexpr kd::Index t = Vectors::teacher_features;
  constexpr kd::Index s = Vectors::student_features;
  std::vector<Method<Student>> all;
  const auto add = [&](const std::string& name, const std::string& recipe, const auto& method) {
    all.push_back(from_features<Student>(name, recipe, method));
  };
  add("Hint", "labels +", kd::Hint<t, s>{});
  all.push_back(hint_then_soft_targets<Student>(kd::Hint<t, s>{}));
  add("SimilarityPreserving", "labels +", kd::SimilarityPreserving<t, s>{});
  add("RelationalKd", "labels +", kd::RelationalKd<t, s>{});
  add("ProbabilisticTransfer", "labels +", kd::ProbabilisticTransfer<t, s>{});
  add("VariationalTransfer", "labels +", kd::VariationalTransfer<t, s>{});
  add("Contrastive", "256 negatives, labels +", kd::Contrastive<t, s>{{.negatives = 256}});
  // The hidden layers differ in width, the logits do not.
  add("FactorCosine", "of logits, labels +", kd::FactorCosine<7, 5>{});
  return all;
}

template std::vector<Method<Vectors::Narrow>> feature_methods();
template std::vector<Method<Vectors::Wide>> feature_methods();

}  // namespace compare
