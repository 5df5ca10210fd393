// SPDX-License-Identifier: MIT
#include "kd/methods/soft_targets.hpp"

#include <cmath>
#include <limits>

#include "kd/loss/cross_entropy.hpp"
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

TEST_CASE("soft targets pass the checks of a method", "[methods][soft_targets]") {
  for (const double temperature : {0.5, 1., 4., 20.}) {
    for (const double hard_weight : {0., 0.3, 1.}) {
      const SoftTargets method(
          {.temperature = temperature, .hard_weight = hard_weight, .soft_weight = 1 - hard_weight});
      const auto report = kd::testing::check_method(method, {.allocations = kd::test::allocations});
      INFO("T " << temperature << ", hard " << hard_weight << ": " << report.message());
      CHECK(report.passed());
    }
  }
}

TEMPLATE_TEST_CASE("soft targets give what PyTorch gives", "[methods][soft_targets]", float,
                   double) {
  using S = TestType;
  const std::string name = "soft_targets/";
  const Matrix<S> student = golden(name + "student").template cast<S>();
  const Matrix<S> teacher = golden(name + "teacher").template cast<S>();
  const Labels labels = kd::test::golden_labels(name + "labels");
  const Matrix<double> settings = golden(name + "settings");
  const Matrix<double> gradients = golden(name + "gradient");
  const Vector<double> values = kd::test::golden_vector(name + "value");
  const Vector<double> soft_values = kd::test::golden_vector(name + "soft_value");
  const double hard_value = kd::test::golden_vector(name + "hard_value")(0);
  const double tolerance = std::is_same_v<S, float> ? 2e-4 : 1e-11;
  REQUIRE(settings.cols() == 36);
  Index compared = 0;
  for (Index k = 0; k < 36; ++k) {
    const auto setting = settings.col(k);
    if (setting(0) + setting(1) == 0) continue;  // nothing to learn: refused
    INFO("hard, soft, T: " << setting.transpose());
    const SoftTargets method(
        {.temperature = setting(2), .hard_weight = setting(0), .soft_weight = setting(1)});
    const auto loss = on_logits(method, teacher, student, labels);
    CHECK_THAT(loss.value, WithinRel(values(k), tolerance));
    CHECK_THAT(loss.terms(0), WithinRel(hard_value, tolerance));
    CHECK_THAT(loss.terms(1), WithinRel(soft_values(k), tolerance));
    CHECK(relative_distance(loss.gradient, kd::test::entry(gradients, k, student.rows()), 1e-2) <
          tolerance);
    ++compared;
  }
  CHECK(compared == 32);
}

TEST_CASE("soft targets are the two losses in one pass", "[methods][soft_targets]") {
  const Matrix<double> student = random_matrix<double>(10, 20, 1, 5);
  const Matrix<double> teacher = random_matrix<double>(10, 20, 2, 5);
  const Labels labels = kd::test::random_labels(20, 10, 3);
  const auto hard = CrossEntropy()(student, labels);
  const auto soft = KlDivergence({.temperature = 3})(student, teacher);
  const SoftTargets method({.temperature = 3, .hard_weight = 0.4, .soft_weight = 1.5});
  const auto both = on_logits(method, teacher, student, labels);
  CHECK_THAT(both.terms(0), WithinRel(hard.value, 1e-14));
  CHECK_THAT(both.terms(1), WithinRel(soft.value, 1e-14));
  CHECK(both.gradient.isApprox(0.4 * hard.gradient + 1.5 * soft.gradient, 1e-13));
}

TEST_CASE("a student that is the teacher has only labels to learn", "[methods][soft_targets]") {
  const Matrix<double> logits = random_matrix<double>(10, 20, 1, 5);
  for (const double temperature : {0.5, 1., 4., 20.}) {
    const SoftTargets method({.temperature = temperature, .hard_weight = 0, .soft_weight = 1});
    const auto loss = on_logits(method, logits, logits);
    CHECK(loss.terms(1) == 0);
    CHECK(loss.value == 0);
    CHECK(loss.gradient.cwiseAbs().maxCoeff() < 1e-15 * temperature);
  }
}

TEST_CASE("soft targets refuse options out of range", "[methods][soft_targets]") {
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {0., -1., nan, infinity})
    CHECK_THROWS_AS(SoftTargets({.temperature = bad}), ConfigError);
  for (const double bad : {-0.1, nan, infinity}) {
    CHECK_THROWS_AS(SoftTargets({.hard_weight = bad}), ConfigError);
    CHECK_THROWS_AS(SoftTargets({.soft_weight = bad}), ConfigError);
  }
  CHECK_THROWS_WITH(SoftTargets({.temperature = 0}),
                    "SoftTargets: temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(SoftTargets({.hard_weight = -0.1}),
                    "SoftTargets: hard_weight must be zero or more and finite, got -0.1");
  CHECK_THROWS_WITH(SoftTargets({.soft_weight = nan}),
                    "SoftTargets: soft_weight must be zero or more and finite, got nan");
  CHECK_THROWS_WITH(SoftTargets({.hard_weight = 0, .soft_weight = 0}),
                    "SoftTargets: hard_weight and soft_weight are both 0: nothing to learn");
  CHECK_NOTHROW(SoftTargets({.hard_weight = 0, .soft_weight = 1}));
  CHECK_NOTHROW(SoftTargets({.hard_weight = 1, .soft_weight = 0}));
}
