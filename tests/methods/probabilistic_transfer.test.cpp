// SPDX-License-Identifier: MIT
#include "kd/methods/probabilistic_transfer.hpp"

#include "kd/testing/check_method.hpp"
#include "support/catch.hpp"
#include "support/features.hpp"
#include "support/golden.hpp"
#include "support/lone_sample.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::on_features;
using kd::test::random_matrix;
using kd::test::relative_distance;

TEST_CASE("probabilistic transfer passes the checks of a method",
          "[methods][probabilistic_transfer]") {
  const auto at_first = kd::testing::check_method(ProbabilisticTransfer<1, 1>{});
  INFO(at_first.message());
  CHECK(at_first.passed());
  const auto at_logits =
      kd::testing::check_method(ProbabilisticTransfer<2, 3>{}, {.batch = 9, .seed = 3});
  INFO(at_logits.message());
  CHECK(at_logits.passed());
}

TEST_CASE("probabilistic transfer gives what PyTorch gives", "[methods][probabilistic_transfer]") {
  const std::string name = "probabilistic_transfer/";
  const auto loss = on_features(ProbabilisticTransfer<1, 1>{{.weight = 1}},
                                golden(name + "student"), golden(name + "teacher"));
  CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector(name + "value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden(name + "gradient"), 1e-9) < 1e-8);
}

TEST_CASE("neighbours stay neighbours when features are turned or one is made longer",
          "[methods][probabilistic_transfer]") {
  const Matrix<double> teacher = random_matrix<double>(5, 7, 1);
  const Matrix<double> student = random_matrix<double>(4, 7, 2);
  const ProbabilisticTransfer<1, 1> method;
  const auto loss = on_features(method, student, teacher);
  REQUIRE(loss.value > 1);
  Matrix<double> moved = kd::test::rotation(4, 1) * student;
  moved.col(3) *= 5;
  CHECK_THAT(on_features(method, moved, teacher).value, WithinRel(loss.value, 1e-5));
  // The gradient moves no feature along itself, but for the 1e-7 that is added to lengths.
  CHECK(loss.gradient.cwiseProduct(student).colwise().sum().cwiseAbs().maxCoeff() < 1e-3);
  const Matrix<double> copied = kd::test::rotation(5, 2) * teacher;
  CHECK_THAT(on_features(method, copied, teacher).value, WithinAbs(0, 1e-9));
}

TEST_CASE("probabilistic transfer leaves features of zeros alone",
          "[methods][probabilistic_transfer]") {
  Matrix<double> student = random_matrix<double>(4, 5, 1);
  student.col(2).setZero();
  const auto loss =
      on_features(ProbabilisticTransfer<1, 1>{}, student, random_matrix<double>(5, 5, 2));
  CHECK(loss.gradient.allFinite());
  CHECK(loss.gradient.col(2).isZero());
  CHECK(loss.gradient.col(1).norm() > 0);
}

TEST_CASE("a lone sample adds nothing to probabilistic transfer, and cannot be all there is",
          "[methods][probabilistic_transfer]") {
  kd::test::check_lone_sample(ProbabilisticTransfer<1, 1>{}, "ProbabilisticTransfer");
}

TEST_CASE("the weight of probabilistic transfer is checked", "[methods][probabilistic_transfer]") {
  using Method = ProbabilisticTransfer<1, 1>;
  CHECK_THROWS_AS(Method({.weight = -1}), ConfigError);
  CHECK_THROWS_WITH(Method({.weight = -1}),
                    "ProbabilisticTransfer: weight must be zero or more and finite, got -1");
}
