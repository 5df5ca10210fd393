// SPDX-License-Identifier: MIT
#include "kd/methods/similarity_preserving.hpp"

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

TEST_CASE("similarity preserving passes the checks of a method",
          "[methods][similarity_preserving]") {
  const auto at_first = kd::testing::check_method(SimilarityPreserving<1, 1>{});
  INFO(at_first.message());
  CHECK(at_first.passed());
  const auto behind_relu =
      kd::testing::check_method(SimilarityPreserving<2, 2>{}, {.batch = 9, .seed = 3});
  INFO(behind_relu.message());
  CHECK(behind_relu.passed());
}

TEST_CASE("similarity preserving gives what PyTorch gives", "[methods][similarity_preserving]") {
  const std::string name = "similarity_preserving/";
  const auto loss = on_features(SimilarityPreserving<1, 1>{{.weight = 1}}, golden(name + "student"),
                                golden(name + "teacher"));
  CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector(name + "value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden(name + "gradient"), 1e-9) < 1e-9);
}

TEST_CASE("turned and scaled features are as alike as before", "[methods][similarity_preserving]") {
  const Matrix<double> teacher = random_matrix<double>(5, 7, 1);
  const Matrix<double> student = random_matrix<double>(4, 7, 2);
  const SimilarityPreserving<1, 1> method;
  const auto loss = on_features(method, student, teacher);
  REQUIRE(loss.value > 1);
  const Matrix<double> moved = 3 * kd::test::rotation(4, 1) * student;
  CHECK_THAT(on_features(method, moved, teacher).value, WithinRel(loss.value, 1e-12));
  const Matrix<double> copied = 0.2 * kd::test::rotation(5, 2) * teacher;
  CHECK_THAT(on_features(method, copied, teacher).value, WithinAbs(0, 1e-10));
}

TEST_CASE("features of zeros do no harm to similarity preserving",
          "[methods][similarity_preserving]") {
  Matrix<double> student = random_matrix<double>(4, 5, 1);
  student.col(2).setZero();
  const auto loss =
      on_features(SimilarityPreserving<1, 1>{}, student, random_matrix<double>(5, 5, 2));
  CHECK(loss.gradient.allFinite());
  CHECK(loss.gradient.norm() < 1e5);
  CHECK(loss.gradient.col(1).norm() > 0);
}

TEST_CASE("a row of zeros has no direction that could be wrong",
          "[methods][similarity_preserving]") {
  // Of x_0 = 0 and x_1 = 1 the rows are (0, 0) and (0, 1), of which only the second can turn.
  const Matrix<double> student{{0, 1}};
  const Matrix<double> teacher{{1, 0}, {1, 2}};  // rows (2, 2) and (2, 4) before they are 1 long
  const auto loss = on_features(SimilarityPreserving<1, 1>{{.weight = 1}}, student, teacher);
  CHECK_THAT(loss.gradient(0, 0), WithinRel(2 / 4. * -1 / std::sqrt(5), 1e-12));
  CHECK_THAT(loss.gradient(0, 1), WithinAbs(0, 1e-12));
}

TEST_CASE("a lone sample adds nothing to similarity preserving, and cannot be all there is",
          "[methods][similarity_preserving]") {
  kd::test::check_lone_sample(SimilarityPreserving<1, 1>{}, "SimilarityPreserving");
}

TEST_CASE("the weight of similarity preserving is checked", "[methods][similarity_preserving]") {
  using Method = SimilarityPreserving<1, 1>;
  CHECK_THROWS_WITH(Method({.weight = -1}),
                    "SimilarityPreserving: weight must be zero or more and finite, got -1");
  CHECK_THROWS_AS(Method({.weight = std::nan("")}), ConfigError);
}
