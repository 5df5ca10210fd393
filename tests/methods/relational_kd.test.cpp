// SPDX-License-Identifier: MIT
#include "kd/methods/relational_kd.hpp"

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

TEST_CASE("relational distillation passes the checks of a method", "[methods][relational_kd]") {
  const auto both = kd::testing::check_method(RelationalKd<1, 1>{});
  INFO(both.message());
  CHECK(both.passed());
  const auto distances = kd::testing::check_method(
      RelationalKd<2, 3>{{.angle_weight = 0}}, {.batch = 8, .seed = 1, .gradient = {.step = 2e-5}});
  INFO(distances.message());
  CHECK(distances.passed());
  const auto angles = kd::testing::check_method(RelationalKd<3, 1>{{.distance_weight = 0}},
                                                {.batch = 8, .seed = 2});
  INFO(angles.message());
  CHECK(angles.passed());
}

TEST_CASE("relational distillation gives what PyTorch gives", "[methods][relational_kd]") {
  const std::string name = "relational/";
  const auto check = [&](const std::string& part, RelationalKdOptions options) {
    INFO(part);
    const auto loss = on_features(RelationalKd<1, 1>(options), golden(name + "student"),
                                  golden(name + "teacher"));
    CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector(name + part + "value")(0), 1e-12));
    CHECK(relative_distance(loss.gradient, golden(name + part + "gradient"), 1e-9) < 1e-8);
  };
  check("distance_", {.distance_weight = 1, .angle_weight = 0});
  check("angle_", {.distance_weight = 0, .angle_weight = 1});
  check("", {});
}

TEST_CASE("relations do not change when all features are moved, turned and scaled",
          "[methods][relational_kd]") {
  const Matrix<double> teacher = random_matrix<double>(5, 7, 1);
  const Matrix<double> student = random_matrix<double>(4, 7, 2);
  const RelationalKd<1, 1> method;
  const auto loss = on_features(method, student, teacher);
  REQUIRE(loss.value > 1);
  CHECK(loss.gradient.rowwise().sum().isZero(1e-12));
  const Matrix<double> moved =
      (3 * kd::test::rotation(4, 1) * student).colwise() + Vector<double>::Constant(4, 100.);
  CHECK_THAT(on_features(method, moved, teacher).value, WithinRel(loss.value, 1e-10));
  const Matrix<double> copied =
      (1e-6 * kd::test::rotation(5, 2) * teacher).colwise() + Vector<double>::Constant(5, 1.);
  CHECK_THAT(on_features(method, copied, teacher).value, WithinAbs(0, 1e-7));
}

TEST_CASE("the angles are those between edges", "[methods][relational_kd]") {
  const Matrix<double> student = random_matrix<double>(3, 6, 1);
  const Matrix<double> teacher = random_matrix<double>(4, 6, 2);
  const auto cosine = [](const Matrix<double>& f, Index i, Index j, Index k) {
    if (i == j || i == k) return 0.;
    return (f.col(j) - f.col(i)).normalized().dot((f.col(k) - f.col(i)).normalized());
  };
  double expected = 0;
  for (Index i = 0; i < 6; ++i)
    for (Index j = 0; j < 6; ++j)
      for (Index k = 0; k < 6; ++k) {
        const double gap = std::abs(cosine(student, i, j, k) - cosine(teacher, i, j, k));
        expected += gap < 1 ? gap * gap / 2 : gap - 0.5;
      }
  const RelationalKd<1, 1> angles{{.distance_weight = 0, .angle_weight = 1}};
  CHECK_THAT(on_features(angles, student, teacher).value, WithinRel(expected / 216, 1e-12));
}

TEST_CASE("equal samples have no direction and do no harm", "[methods][relational_kd]") {
  const Matrix<double> teacher = random_matrix<double>(5, 6, 1);
  Matrix<double> student = random_matrix<double>(4, 6, 2);
  student.col(3) = student.col(1);
  const auto loss = on_features(RelationalKd<1, 1>{}, student, teacher);
  CHECK(std::isfinite(loss.value));
  CHECK(loss.gradient.allFinite());
  CHECK(loss.gradient.norm() > 0);
  const Matrix<double> all_equal = Matrix<double>::Constant(4, 6, 3.);
  const auto flat = on_features(RelationalKd<1, 1>{}, all_equal, teacher);
  CHECK(std::isfinite(flat.value));
  CHECK(flat.gradient.isZero(0));
}

TEST_CASE("a relation of weight 0 is left out", "[methods][relational_kd]") {
  const Matrix<double> student = random_matrix<double>(4, 6, 1);
  const Matrix<double> teacher = random_matrix<double>(5, 6, 2);
  const auto distances = on_features(RelationalKd<1, 1>{{.angle_weight = 0}}, student, teacher);
  const auto angles = on_features(RelationalKd<1, 1>{{.distance_weight = 0}}, student, teacher);
  const auto both = on_features(RelationalKd<1, 1>{}, student, teacher);
  CHECK_THAT(distances.value + angles.value, WithinRel(both.value, 1e-12));
  CHECK(relative_distance(distances.gradient + angles.gradient, both.gradient, 1e-9) < 1e-9);
}

TEST_CASE("a lone sample adds nothing to relational distillation, and cannot be all there is",
          "[methods][relational_kd]") {
  kd::test::check_lone_sample(RelationalKd<1, 1>{}, "RelationalKd");
}

TEST_CASE("the weights of relational distillation are checked", "[methods][relational_kd]") {
  using Method = RelationalKd<1, 1>;
  CHECK_THROWS_AS(Method({.distance_weight = -1}), ConfigError);
  CHECK_THROWS_WITH(Method({.distance_weight = -1}),
                    "RelationalKd: distance_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(Method({.angle_weight = -2}),
                    "RelationalKd: angle_weight must be zero or more and finite, got -2");
}
