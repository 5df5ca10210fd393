// SPDX-License-Identifier: MIT
#include "kd/loss/kl_divergence.hpp"

#include <cmath>
#include <limits>

#include "kd/testing/check_loss.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::relative_distance;

TEST_CASE("the divergence passes the checks of a loss", "[loss][kl_divergence]") {
  for (const double temperature : {0.5, 1., 4., 20.}) {
    for (const Index classes : {2, 10, 300}) {
      const KlDivergence loss({.temperature = temperature});
      const auto report = kd::testing::check_loss(loss, {.classes = classes, .batch = 3});
      INFO("T " << temperature << ", " << classes << " classes: " << report.message());
      CHECK(report.passed());
    }
  }
}

TEST_CASE("the divergence gives what PyTorch gives", "[loss][kl_divergence]") {
  const Vector<double> temperatures = kd::test::golden_vector("kl_divergence/temperatures");
  REQUIRE(temperatures.size() == 4);
  for (const std::string kind : {"random", "one_hot_teacher", "extreme"}) {
    const std::string name = "kl_divergence/" + kind + "_";
    const Matrix<double> student = golden(name + "student");
    const Matrix<double> teacher = golden(name + "teacher");
    const Vector<double> values = kd::test::golden_vector(name + "value");
    const Matrix<double> gradients = golden(name + "gradient");
    for (Index k = 0; k < temperatures.size(); ++k) {
      INFO(kind << ", T " << temperatures(k));
      const auto result = KlDivergence({.temperature = temperatures(k)})(student, teacher);
      CHECK_THAT(result.value, WithinRel(values(k), 1e-12));
      CHECK(relative_distance(result.gradient, kd::test::entry(gradients, k, student.rows()),
                              1e-3) < 1e-12);
    }
  }
}

TEST_CASE("a student that is the teacher has nothing to learn", "[loss][kl_divergence]") {
  const Matrix<double> student = golden("kl_divergence/equal_student");
  for (const double temperature : {0.5, 1., 4., 20.}) {
    const auto result = KlDivergence({.temperature = temperature})(student, student);
    CHECK(result.value == 0);
    CHECK(result.gradient.cwiseAbs().maxCoeff() < 1e-15 * temperature);
  }
}

TEST_CASE("T^2 keeps the gradient's size", "[loss][kl_divergence]") {
  // At high temperature the gradient tends to (z - v) / classes, with means taken out, whatever T
  // is (Hinton et al. 2015, eq. 4).
  const Matrix<double> z = kd::test::random_matrix<double>(10, 1, 1);
  const Matrix<double> v = kd::test::random_matrix<double>(10, 1, 2);
  const Matrix<double> limit = ((z.array() - z.mean()) - (v.array() - v.mean())).matrix() / 10.;
  for (const double temperature : {1e3, 1e4})
    CHECK(KlDivergence({.temperature = temperature})(z, v).gradient.isApprox(limit, 1e-2));
}

TEST_CASE("the divergence refuses what does not fit", "[loss][kl_divergence]") {
  for (const double bad : {0., -1., std::nan(""), std::numeric_limits<double>::infinity()})
    CHECK_THROWS_AS(KlDivergence({.temperature = bad}), ConfigError);
  CHECK_THROWS_WITH(KlDivergence({.temperature = 0}),
                    "KlDivergence: temperature must be positive and finite, got 0");
  const Matrix<double> z = Matrix<double>::Zero(3, 2);
  CHECK_THROWS_WITH(KlDivergence()(z, Matrix<double>::Zero(4, 2)),
                    "KlDivergence: expected 3 teacher classes, got 4");
  CHECK_THROWS_WITH(KlDivergence()(z, Matrix<double>::Zero(3, 1)),
                    "KlDivergence: expected 2 teacher samples, got 1");
}
