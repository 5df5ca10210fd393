// SPDX-License-Identifier: MIT
#include "kd/methods/reverse_kl.hpp"

#include "kd/loss/kl_divergence.hpp"
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

TEST_CASE("the reverse divergence passes the checks of a method", "[methods][reverse_kl]") {
  const auto report = kd::testing::check_method(ReverseKl{{.temperature = 2, .weight = 3}},
                                                {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("the reverse divergence gives what PyTorch gives", "[methods][reverse_kl]") {
  const std::string name = GENERATE("reverse_kl/random_", "reverse_kl/extreme_");
  INFO(name);
  const auto loss =
      on_logits(ReverseKl{{.temperature = 2}}, golden(name + "teacher"), golden(name + "student"));
  CHECK_THAT(loss.value, WithinRel(golden_vector(name + "value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden(name + "gradient"), 1e-4) < 1e-9);
}

TEST_CASE("the reverse divergence is Hinton's with the roles exchanged", "[methods][reverse_kl]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const auto loss = on_logits(ReverseKl{{.temperature = 3}}, teacher, student);
  CHECK_THAT(loss.value,
             WithinRel(KlDivergence({.temperature = 3})(teacher, student).value, 1e-12));
  CHECK(on_logits(ReverseKl{}, teacher, teacher).value < 1e-15);
  CHECK(on_logits(ReverseKl{}, teacher, teacher).gradient.isZero(1e-15));
}

TEST_CASE("the reverse divergence follows schedules", "[methods][reverse_kl]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const Labels labels = Labels::Zero(5);
  const Progress halfway{.step = 10, .steps_per_epoch = 5, .total_steps = 20};
  const ReverseKl scheduled{{.temperature = LinearRamp{{.from = 1, .to = 5}},
                             .weight = CosineRamp{{.from = 0, .to = 2, .epochs = 4}}}};
  const ReverseKl there{{.temperature = 3, .weight = 1}};
  CHECK(scheduled.weights(halfway)[0] == Approx(1).epsilon(1e-14));
  const auto got = on_logits(scheduled, teacher, student, labels, halfway);
  const auto expected = on_logits(there, teacher, student, labels);
  CHECK_THAT(got.value, WithinRel(expected.value, 1e-12));
  CHECK(relative_distance(got.gradient, expected.gradient, 1e-9) < 1e-9);
}

TEST_CASE("options of the reverse divergence are checked", "[methods][reverse_kl]") {
  CHECK_THROWS_AS(ReverseKl({.temperature = 0}), ConfigError);
  CHECK_THROWS_WITH(ReverseKl({.temperature = -2}),
                    "ReverseKl: temperature must be positive and finite, got -2");
  CHECK_THROWS_WITH(ReverseKl({.weight = -1}),
                    "ReverseKl: weight must be zero or more and finite, got -1");
  const ReverseKl leaves{{.temperature = LinearRamp{{.from = 1, .to = -1}}}};
  const Matrix<double> x = random_matrix<double>(3, 2, 1);
  const Progress late{.step = 9, .steps_per_epoch = 5, .total_steps = 10};
  CHECK_THROWS_WITH(on_logits(leaves, x, x, Labels(Labels::Zero(2)), late),
                    ContainsSubstring("ReverseKl: temperature must be positive"));
}
