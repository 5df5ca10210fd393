// SPDX-License-Identifier: MIT
#include "feature_methods.hpp"
#include "map_methods.hpp"

namespace compare {

std::vector<Method<Images::Student>> relation_methods() {
  constexpr kd::Index t = Images::teacher_last;
  constexpr kd::Index s = Images::student_last;
  std::vector<Method<Images::Student>> all;
  const auto add = [&](const std::string& name, const std::string& recipe, const auto& method) {
    all.push_back(from_features<Images::Student>(name, recipe, method));
  };
  add("SimilarityPreserving", "of maps, labels +", kd::SimilarityPreserving<t, s>{});
  add("RelationalKd", "of maps, labels +", kd::RelationalKd<t, s>{});
  add("ProbabilisticTransfer", "of maps, labels +", kd::ProbabilisticTransfer<t, s>{});
  add("Contrastive", "of maps, 256 negatives, labels +", kd::Contrastive<t, s>{{.negatives = 256}});
  add("Pooled SimilarityPreserving", "of means, labels +",
      kd::Pooled<kd::SimilarityPreserving, t, s>{});
  add("Pooled RelationalKd", "of means, labels +", kd::Pooled<kd::RelationalKd, t, s>{});
  add("Pooled ProbabilisticTransfer", "of means, labels +",
      kd::Pooled<kd::ProbabilisticTransfer, t, s>{});
  add("Pooled Contrastive", "of means, 256 negatives, labels +",
      kd::Pooled<kd::Contrastive, t, s>{{.negatives = 256}});
  add("Pooled VariationalTransfer", "of means, labels +",
      kd::Pooled<kd::VariationalTransfer, t, s>{});
  return all;
}

}  // namespace compare
