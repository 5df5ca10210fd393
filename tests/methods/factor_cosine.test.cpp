// SPDX-License-Identifier: MIT
#include "kd/methods/factor_cosine.hpp"

#include "kd/testing/check_method.hpp"
#include "support/catch.hpp"
#include "support/features.hpp"
#include "support/golden.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::on_features;
using kd::test::random_matrix;
using kd::test::relative_distance;

TEST_CASE("the factor cosine passes the checks of a method", "[methods][factor_cosine]") {
  using Wide = Sequential<Linear<5, 6>, ReLU, Linear<6, 4>>;
  const auto hidden = kd::testing::check_method<Wide>(FactorCosine<1, 1>{});
  INFO(hidden.message());
  CHECK(hidden.passed());
  const auto at_logits = kd::testing::check_method(FactorCosine<3, 3>{}, {.batch = 3, .seed = 3});
  INFO(at_logits.message());
  CHECK(at_logits.passed());
}

TEST_CASE("the factor cosine gives what PyTorch gives", "[methods][factor_cosine]") {
  const std::string name = "factor_cosine/";
  const auto loss =
      on_features(FactorCosine<1, 1>{}, golden(name + "student"), golden(name + "teacher"));
  CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector(name + "value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden(name + "gradient"), 1e-9) < 1e-9);
}

TEST_CASE("the factor cosine counts directions alone", "[methods][factor_cosine]") {
  const Matrix<double> teacher = random_matrix<double>(5, 4, 1);
  const FactorCosine<1, 1> method;
  CHECK_THAT(on_features(method, 7 * teacher, teacher).value, WithinAbs(0, 1e-12));
  CHECK_THAT(on_features(method, -0.1 * teacher, teacher).value, WithinRel(2., 1e-12));
  Matrix<double> student = random_matrix<double>(5, 4, 2);
  student.col(1).setZero();
  const auto loss = on_features(method, student, teacher);
  CHECK(loss.gradient.col(1).isZero(0));
  CHECK(loss.gradient.cwiseProduct(student).colwise().sum().isZero(1e-12));
}

TEST_CASE("widths that only run time knows are checked too", "[methods][factor_cosine]") {
  const auto five_and_four = [] {
    kd::test::OnFeatures<FactorCosine<1, 1>>(FactorCosine<1, 1>{}, 4, 5, 3);
  };
  CHECK_THROWS_AS(five_and_four(), ShapeError);
  CHECK_THROWS_WITH(five_and_four(),
                    "FactorCosine: expected 5 features of the student's layer, as the teacher's "
                    "gives, got 4");
}

TEST_CASE("the weight of the factor cosine is checked", "[methods][factor_cosine]") {
  using Method = FactorCosine<1, 1>;
  CHECK_THROWS_AS(Method({.weight = -1}), ConfigError);
  CHECK_THROWS_WITH(Method({.weight = -1}),
                    "FactorCosine: weight must be zero or more and finite, got -1");
}
