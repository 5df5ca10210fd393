// SPDX-License-Identifier: MIT
#include "kd/testing/gradient_check.hpp"

#include <cmath>

#include "kd/core/matrix.hpp"
#include "support/catch.hpp"

using namespace kd;
using kd::testing::CheckReport;

TEST_CASE("a report keeps the worst deviation", "[testing]") {
  CheckReport report;
  CHECK_FALSE(report.passed());
  CHECK(report.message() == "nothing was compared");
  Vector<double> expected(3);
  expected << 1, 2, 4;
  Vector<double> got = expected;
  report.compare("first", view(got), view(expected), 0);
  CHECK(report.passed());
  CHECK(report.compared() == 3);

  got(1) = 2.0000002;
  report.compare("second", view(got), view(expected), 1e-6);
  CHECK(report.passed());
  CHECK(report.worst().what == "second");
  CHECK(report.worst().index == 1);
  got(2) = 5;
  report.compare("third", view(got), view(expected), 1e-6);
  CHECK_FALSE(report.passed());
  CHECK(report.worst().error == Approx(0.2));
  CHECK(report.message() ==
        "9 numbers compared, the worst is third [2]: expected 4, got 5, relative error 0.2, "
        "allowed 1e-06");
  report.compare("fourth", view(expected), view(expected), 1e-6);
  CHECK_FALSE(report.passed());
}

TEST_CASE("a report tells an error of a strict comparison from a larger, allowed one",
          "[testing]") {
  Vector<double> expected(1);
  expected << 1;
  Vector<double> got(1);
  CheckReport report;
  got << 1.001;
  report.compare("rough", view(got), view(expected), 1e-2);
  got << 1 + 1e-9;
  report.compare("exact", view(got), view(expected), 0);
  CHECK_FALSE(report.passed());
  CHECK(report.worst().what == "exact");
}

TEST_CASE("NaN never passes", "[testing]") {
  const double nan = std::nan("");
  const double pairs[][2] = {{nan, 1}, {1, nan}, {nan, nan}};
  for (const auto& [got, expected] : pairs) {
    CheckReport report;
    report.compare("x", {&got, 1}, {&expected, 1}, 1);
    report.compare("y", {&pairs[0][1], 1}, {&pairs[0][1], 1}, 1);
    CHECK_FALSE(report.passed());
  }
  CheckReport report;
  CHECK_THROWS_AS(report.compare("x", {&nan, 1}, {}, 1), ShapeError);
}

TEST_CASE("central differences find a wrong gradient and leave the numbers alone", "[testing]") {
  Vector<double> x(3);
  x << 0.5, -1, 2;
  const Vector<double> before = x;
  const auto value = [&] { return std::sin(x(0)) * x(1) + std::exp(x(2)); };
  Vector<double> gradient(3);
  gradient << std::cos(0.5) * -1, std::sin(0.5), std::exp(2.);
  CheckReport right;
  kd::testing::check_gradient(right, "gradient", view(x), view(gradient), value);
  INFO(right.message());
  CHECK(right.passed());
  CHECK(right.worst().error < 1e-7);
  CHECK(x == before);

  gradient(1) *= 1.001;
  CheckReport wrong;
  kd::testing::check_gradient(wrong, "gradient", view(x), view(gradient), value);
  CHECK_FALSE(wrong.passed());
  CHECK(wrong.worst().index == 1);
}

TEST_CASE("numbers away from zero are that, of either sign", "[testing]") {
  Vector<double> x(1000);
  kd::testing::fill_away_from_zero(view(x), Rng(1));
  CHECK(x.cwiseAbs().minCoeff() >= 0.1);
  CHECK(x.cwiseAbs().maxCoeff() < 1.1);
  CHECK((x.array() > 0).count() > 400);
  CHECK((x.array() < 0).count() > 400);
}
