// SPDX-License-Identifier: MIT
#include "kd/methods/logit_mse.hpp"

#include "kd/loss/kl_divergence.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::on_logits;
using kd::test::random_matrix;
using kd::test::relative_distance;

TEST_CASE("the squared error of logits passes the checks of a method", "[methods][logit_mse]") {
  const auto report =
      kd::testing::check_method(LogitMse{{.weight = 2}}, {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("the squared error of logits gives what PyTorch gives", "[methods][logit_mse]") {
  const std::string name = "logit_mse/";
  const auto loss = on_logits(LogitMse{}, golden(name + "teacher"), golden(name + "student"));
  CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector(name + "value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden(name + "gradient"), 1e-9) < 1e-12);
}

TEST_CASE("hot soft targets are half the squared error of logits less their mean",
          "[methods][logit_mse]") {
  Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  student.rowwise() -= student.colwise().mean().eval();
  teacher.rowwise() -= teacher.colwise().mean().eval();
  const double hot = KlDivergence({.temperature = 1e4})(student, teacher).value;
  CHECK_THAT(on_logits(LogitMse{}, teacher, student).value / 2, WithinRel(hot, 1e-3));
}

TEST_CASE("the weight of the squared error of logits is checked", "[methods][logit_mse]") {
  CHECK_THROWS_AS(LogitMse({.weight = -1}), ConfigError);
  CHECK_THROWS_WITH(LogitMse({.weight = -1}),
                    "LogitMse: weight must be zero or more and finite, got -1");
}
