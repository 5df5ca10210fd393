// SPDX-License-Identifier: MIT
#include "kd/methods/hard_labels.hpp"

#include "kd/loss/label_smoothing.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::on_logits;
using kd::test::random_labels;
using kd::test::random_matrix;

TEST_CASE("hard labels pass the checks of a method", "[methods][hard_labels]") {
  const auto report = kd::testing::check_method(HardLabels{{.weight = 0.3}},
                                                {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
  const auto smooth = kd::testing::check_method(HardLabels(LabelSmoothing{}, {.weight = 2}),
                                                {.allocations = kd::test::allocations});
  INFO(smooth.message());
  CHECK(smooth.passed());
}

TEST_CASE("hard labels are the hard part of soft targets", "[methods][hard_labels]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const Labels labels = random_labels(5, 7, 3);
  const auto hard = on_logits(HardLabels{{.weight = 0.3}}, teacher, student, labels);
  const auto both =
      on_logits(SoftTargets{{.hard_weight = 0.3, .soft_weight = 0}}, teacher, student, labels);
  CHECK(hard.terms(0) == Approx(both.terms(0)));
  CHECK(hard.value == Approx(both.value));
  CHECK(hard.gradient.isApprox(both.gradient, 1e-13));
}

TEST_CASE("a distiller takes hard labels beside a method that has none", "[methods][hard_labels]") {
  using Student = Sequential<Linear<5, 4>>;
  const Network<Student> teacher(Rng(1));
  const Dataset data(random_matrix<float>(5, 20, 3), random_labels(20, 4, 4), 4);
  Network<Student> one(Rng(2));
  Network<Student> other(Rng(2));
  const FitOptions options{.epochs = 3, .batch_size = 8};
  Distiller(teacher, one, SoftTargets{{.hard_weight = 0.25, .soft_weight = 0.5}})
      .fit(data, Adam{}, options);
  const FitReport report = Distiller(teacher, other, HardLabels{{.weight = 0.25}},
                                     SoftTargets{{.hard_weight = 0, .soft_weight = 0.5}})
                               .fit(data, Adam{}, options);
  CHECK(map(one.params()).isApprox(map(other.params()), 1e-5F));
  REQUIRE(report.epochs.size() == 3);
  CHECK(report.epochs[0].terms[0].name == "hard");
  CHECK(report.epochs[0].terms[0].weight == 0.25);
}

TEST_CASE("the weight of hard labels is checked", "[methods][hard_labels]") {
  CHECK_THROWS_AS(HardLabels<>({.weight = -1}), ConfigError);
  CHECK_THROWS_WITH(HardLabels<>({.weight = -1}),
                    "HardLabels: weight must be zero or more and finite, got -1");
}
