// SPDX-License-Identifier: MIT
#include "kd/methods/alpha_beta.hpp"

#include "kd/loss/kl_divergence.hpp"
#include "kd/methods/reverse_kl.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::entry;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::on_logits;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

AlphaBeta with(double teacher_power, double student_power, double temperature = 2) {
  return AlphaBeta{{.temperature = temperature,
                    .teacher_power = teacher_power,
                    .student_power = student_power,
                    .weight = 1}};
}

}  // namespace

TEST_CASE("the alpha-beta divergence passes the checks of a method", "[methods][alpha_beta]") {
  const auto [a, b] = GENERATE(table<double, double>(
      {{0.8, 0.3}, {0.3, 0.8}, {1, 1}, {0.6, 0}, {0, 0.6}, {1, 0}, {0, 1}, {0, 0}, {2, 0.01}}));
  INFO("powers " << a << " and " << b);
  const auto report = kd::testing::check_method(with(a, b), {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("the alpha-beta divergence gives what PyTorch gives", "[methods][alpha_beta]") {
  const std::string name = GENERATE("alpha_beta/random_", "alpha_beta/extreme_");
  const Matrix<double> powers = golden("alpha_beta/powers");
  const Matrix<double> gradients = golden(name + "gradient");
  for (Index i = 0; i < powers.cols(); ++i) {
    INFO(name << " powers " << powers.col(i).transpose());
    const auto loss = on_logits(with(powers(0, i), powers(1, i)), golden(name + "teacher"),
                                golden(name + "student"));
    CHECK_THAT(loss.value, WithinRel(golden_vector(name + "value")(i), 1e-12));
    // Of a sure student h and q sum h, as large as logits, cancel.
    const Matrix<double> expected = entry(gradients, i, 10);
    CHECK(relative_distance(loss.gradient, expected, 1e-6 * expected.cwiseAbs().maxCoeff()) < 1e-9);
  }
}

TEST_CASE("the corners of the alpha-beta divergence are both KLs and the squared log-ratio",
          "[methods][alpha_beta]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const double temperature = GENERATE(1., 4., 1e5);
  const auto forward = on_logits(with(1, 0, temperature), teacher, student);
  const auto kl = KlDivergence({.temperature = temperature})(student, teacher);
  CHECK_THAT(forward.value, WithinRel(kl.value, 1e-9));
  CHECK(relative_distance(forward.gradient, kl.gradient, 1e-6) < 1e-8);
  const auto reverse = on_logits(with(0, 1, temperature), teacher, student);
  const auto expected = on_logits(ReverseKl{{.temperature = temperature}}, teacher, student);
  CHECK_THAT(reverse.value, WithinRel(expected.value, 1e-9));
  CHECK(relative_distance(reverse.gradient, expected.gradient, 1e-6) < 1e-8);
  const auto log_softmax = [&](const Matrix<double>& x) {
    Matrix<double> y = x / temperature;
    for (Index b = 0; b < y.cols(); ++b) y.col(b).array() -= std::log(y.col(b).array().exp().sum());
    return y;
  };
  if (temperature < 10)
    CHECK_THAT(on_logits(with(0, 0, temperature), teacher, student).value,
               WithinRel(temperature * temperature / 2 / 5 *
                             (log_softmax(student) - log_softmax(teacher)).squaredNorm(),
                         1e-12));
}

TEST_CASE("towards its limits the alpha-beta divergence has no jump", "[methods][alpha_beta]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const auto [a, b] =
      GENERATE(table<double, double>({{0.7, 0}, {0, 0.7}, {0, 0}, {0.7, 0.7}, {1, 0}, {0, 1}}));
  const auto there = on_logits(with(a, b), teacher, student);
  for (const double step : {1e-8, 1e-12, 1e-100, 1e-300}) {
    INFO(a << " + and " << b << " + " << step);
    const auto near = on_logits(with(a + step, b + step), teacher, student);
    CHECK_THAT(near.value, WithinRel(there.value, 100 * step + 1e-13));
    CHECK(relative_distance(near.gradient, there.gradient, 1e-4) < 1e3 * step + 1e-10);
  }
}

TEST_CASE("the alpha-beta divergence is the same with roles and powers exchanged",
          "[methods][alpha_beta]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  CHECK_THAT(on_logits(with(0.9, 0.2), teacher, student).value,
             WithinRel(on_logits(with(0.2, 0.9), student, teacher).value, 1e-13));
  const auto same = on_logits(with(0.9, 0.2), teacher, teacher);
  CHECK(same.value < 1e-15);
  CHECK(same.gradient.isZero(1e-15));
}

TEST_CASE("the alpha-beta divergence is finite for logits as large as they come",
          "[methods][alpha_beta]") {
  const auto [a, b] =
      GENERATE(table<double, double>({{0.8, 0.3}, {0.3, 0.8}, {0.6, 0}, {0, 0.6}, {1e-3, 1e-3}}));
  const float huge = 1e36F;
  const Matrix<float> logits{{huge, -huge, 0, -huge}, {-huge, huge, 0, huge}, {0, 0, huge, huge}};
  const Matrix<float> reversed = logits.rowwise().reverse();
  const auto loss = on_logits(with(a, b), reversed, logits);
  CHECK(loss.terms.allFinite());
  CHECK(loss.gradient.allFinite());
}

TEST_CASE("options of the alpha-beta divergence are checked", "[methods][alpha_beta]") {
  CHECK_THROWS_AS(AlphaBeta({.temperature = 0}), ConfigError);
  CHECK_THROWS_WITH(AlphaBeta({.temperature = 0}),
                    "AlphaBeta: temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(AlphaBeta({.weight = -1}),
                    "AlphaBeta: weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(AlphaBeta({.teacher_power = -0.5}),
                    "AlphaBeta: teacher_power must be zero or more and finite, got -0.5");
  CHECK_THROWS_WITH(AlphaBeta({.student_power = -0.5}),
                    "AlphaBeta: student_power must be zero or more and finite, got -0.5");
  const Matrix<float> logits = random_matrix<float>(3, 2, 1);
  CHECK_THROWS_WITH(
      on_logits(AlphaBeta({.teacher_power = 1e-40}), logits, logits),
      "AlphaBeta: teacher_power must be zero, or positive and finite in float, got 1e-40");
  CHECK_THROWS_WITH(
      on_logits(AlphaBeta({.student_power = 1e39}), logits, logits),
      "AlphaBeta: student_power must be zero, or positive and finite in float, got 1e+39");
  CHECK_THROWS_WITH(
      on_logits(AlphaBeta({.teacher_power = 2e38, .student_power = 2e38}), logits, logits),
      "AlphaBeta: teacher_power + student_power must be zero, or positive and finite "
      "in float, got 4e+38");
}
