// SPDX-License-Identifier: MIT
#include "kd/methods/attention_transfer.hpp"

#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/maps.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::make_on_maps;
using kd::test::MapStudent;
using kd::test::MapTeacher;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

using Method = AttentionTransfer<1, 1>;
const Shape student_maps{3, 4, 3};
const Shape teacher_maps{5, 4, 3};

test::FeatureLoss attend(const Matrix<double>& student, const Matrix<double>& teacher) {
  return make_on_maps(Method{{.weight = 1}}, student_maps, teacher_maps, student.cols())
      .run(student, teacher);
}

}  // namespace

TEST_CASE("attention transfer passes the checks of a method", "[methods][attention_transfer]") {
  const auto report = kd::testing::check_method<MapTeacher, MapStudent>(
      AttentionTransfer<2, 1>{}, {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("attention transfer gives what PyTorch gives", "[methods][attention_transfer]") {
  const std::string name = "attention_transfer/";
  const auto loss = attend(golden(name + "student"), golden(name + "teacher"));
  CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector(name + "value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden(name + "gradient"), 1e-9) < 1e-9);
}

TEST_CASE("attention is where features are, and neither how large nor in which channel",
          "[methods][attention_transfer]") {
  const Matrix<double> teacher = random_matrix<double>(60, 5, 1);
  const Matrix<double> student = random_matrix<double>(36, 5, 2);
  const auto loss = attend(student, teacher);
  REQUIRE(loss.value > 1e-3);
  for (const double factor : {1e-170, 1e-3, 1e170}) {
    const auto scaled = attend(factor * student, 3 * teacher);
    CHECK_THAT(scaled.value, WithinRel(loss.value, 1e-12));
    CHECK(relative_distance(factor * scaled.gradient, loss.gradient, 1e-9) < 1e-9);
  }
  Matrix<double> copied = Matrix<double>::Zero(36, 5);  // all of the attention in one channel
  for (Index b = 0; b < 5; ++b)
    copied.col(b).segment(12, 12) = teacher.col(b).reshaped(12, 5).rowwise().norm();
  CHECK_THAT(attend(copied, teacher).value, WithinAbs(0, 1e-20));
}

TEST_CASE("a student that looks nowhere gets no gradient from attention transfer",
          "[methods][attention_transfer]") {
  Matrix<double> student = random_matrix<double>(36, 4, 1);
  student.col(2).setZero();
  student.col(3).setConstant(1e-320);
  const auto loss = attend(student, random_matrix<double>(60, 4, 2));
  CHECK(loss.gradient.allFinite());
  CHECK(loss.gradient.rightCols(2).isZero(0));
  CHECK(loss.gradient.col(1).norm() > 0);
  student.col(0)(3) = std::nan("");
  CHECK(std::isnan(attend(student, random_matrix<double>(60, 4, 2)).value));
}

TEST_CASE("maps of different sizes, and vectors, have no attention to compare",
          "[methods][attention_transfer]") {
  CHECK_THROWS_AS(make_on_maps(Method{}, {3, 3, 4}, teacher_maps, 2), ShapeError);
  CHECK_THROWS_WITH(
      make_on_maps(Method{}, {3, 4, 2}, teacher_maps, 2),
      "AttentionTransfer: expected maps of the same height and width, got 5 x 4 x 3 of the "
      "teacher's layer 1 and 3 x 4 x 2 of the student's layer 1");
  CHECK_THROWS_WITH(
      make_on_maps(Method{}, {3, 1, 1}, {5, 1, 1}, 2),
      "AttentionTransfer: expected maps of the same height and width, got 5 features of the "
      "teacher's layer 1 and 3 features of the student's layer 1");
}

TEST_CASE("the weight of attention transfer is checked", "[methods][attention_transfer]") {
  CHECK_THROWS_WITH(Method({.weight = -1}),
                    "AttentionTransfer: weight must be zero or more and finite, got -1");
  CHECK_THROWS_AS(Method({.weight = std::nan("")}), ConfigError);
}
