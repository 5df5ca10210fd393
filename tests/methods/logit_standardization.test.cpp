// SPDX-License-Identifier: MIT
#include "kd/methods/logit_standardization.hpp"

#include "kd/methods/correlation_kd.hpp"
#include "kd/methods/decoupled_kd.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::on_logits;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

/// Soft targets alone, not weighted.
SoftTargets soft(double temperature) {
  return SoftTargets{{.temperature = temperature, .hard_weight = 0, .soft_weight = 1}};
}

template <class M>
void check(const M& method) {
  const auto report = kd::testing::check_method(method, {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

}  // namespace

TEST_CASE("standardised logits pass the checks of a method", "[methods][logit_standardization]") {
  check(LogitStandardization{});
  check(LogitStandardization(CorrelationKd{}));  // its state is of another kind
}

TEST_CASE("standardised logits give what PyTorch gives", "[methods][logit_standardization]") {
  const std::string name = "logit_standardization/";
  const Matrix<double> student = golden(name + "student");
  const Matrix<double> teacher = golden(name + "teacher");
  const Labels labels = kd::test::golden_labels(name + "labels");
  const auto kd_loss = on_logits(LogitStandardization(soft(2)), teacher, student, labels);
  CHECK_THAT(kd_loss.value, WithinRel(golden_vector(name + "kd_value")(0), 1e-12));
  CHECK(relative_distance(kd_loss.gradient, golden(name + "kd_gradient"), 1e-6) < 1e-9);
  const auto dkd_loss =
      on_logits(LogitStandardization(DecoupledKd{{.temperature = 2, .warm_up_epochs = 0}}), teacher,
                student, labels);
  CHECK_THAT(dkd_loss.value, WithinRel(golden_vector(name + "dkd_value")(0), 1e-12));
  CHECK(relative_distance(dkd_loss.gradient, golden(name + "dkd_gradient"), 1e-6) < 1e-9);
}

TEST_CASE("on its own it is soft targets at T = 2 with weight 9",
          "[methods][logit_standardization]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const auto alone = on_logits(LogitStandardization{}, teacher, student);
  const auto named = on_logits(LogitStandardization(soft(2)), teacher, student);
  CHECK_THAT(alone.value, WithinRel(9 * named.value, 1e-13));
  CHECK(alone.gradient.isApprox(9 * named.gradient, 1e-13));
}

TEST_CASE("size and level of logits do not matter once they are standardised",
          "[methods][logit_standardization]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const Matrix<double> moved = (4 * student).array() + 17;
  const auto loss = on_logits(LogitStandardization{}, teacher, student);
  const auto there = on_logits(LogitStandardization{}, teacher, moved);
  CHECK_THAT(there.value, WithinRel(loss.value, 1e-6));  // but for the 1e-7 beside the deviation
  CHECK((4 * there.gradient).isApprox(loss.gradient, 1e-6));
  CHECK(on_logits(LogitStandardization{}, teacher, Matrix<double>(2 * teacher)).value < 1e-12);
}

TEST_CASE("logits without a deviation do no harm", "[methods][logit_standardization]") {
  const Matrix<float> flat = Matrix<float>::Constant(5, 3, 2.5F);
  const Matrix<float> teacher = random_matrix<float>(5, 3, 1);
  const auto loss = on_logits(LogitStandardization{}, teacher, flat);
  CHECK(std::isfinite(loss.value));
  CHECK(loss.gradient.allFinite());
}

TEST_CASE("labels are not compared with standardised logits", "[methods][logit_standardization]") {
  CHECK_THROWS_AS(LogitStandardization(SoftTargets{}), ConfigError);
  CHECK_THROWS_WITH(LogitStandardization(SoftTargets{}),
                    ContainsSubstring("give SoftTargets a hard_weight of 0"));
  const Matrix<double> one_class = random_matrix<double>(1, 3, 1);
  CHECK_THROWS_WITH(on_logits(LogitStandardization{}, one_class, one_class),
                    "LogitStandardization: expected at least 2 classes, got 1");
}
