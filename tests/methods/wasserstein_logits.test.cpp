// SPDX-License-Identifier: MIT
#include "kd/methods/wasserstein_logits.hpp"

#include "kd/methods/nkd.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_labels;
using kd::test::golden_vector;
using kd::test::on_logits;
using kd::test::random_labels;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

/// Classes on a line: it costs their distance, up to 1.
Matrix<double> on_a_line(Index classes) {
  Matrix<double> costs(classes, classes);
  for (Index i = 0; i < classes; ++i)
    for (Index j = 0; j < classes; ++j)
      costs(i, j) = std::abs(static_cast<double>(i - j)) / static_cast<double>(classes - 1);
  return costs;
}

}  // namespace

TEST_CASE("the Wasserstein distance of logits passes the checks of a method",
          "[methods][wasserstein_logits]") {
  const double temperature = GENERATE(1., 8.);
  const auto report = kd::testing::check_method(
      WassersteinLogits(on_a_line(4), {.temperature = temperature, .transport_weight = 10}),
      {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("the Wasserstein distance of logits is what PyTorch gives",
          "[methods][wasserstein_logits]") {
  const std::string name =
      GENERATE("wasserstein/random_", "wasserstein/uneven_", "wasserstein/extreme_");
  INFO(name);
  const auto loss = on_logits(WassersteinLogits(golden(name + "costs")), golden(name + "teacher"),
                              golden(name + "student"), golden_labels(name + "labels"));
  CHECK_THAT(loss.value, WithinRel(golden_vector(name + "value")(0), 1e-11));
  CHECK_THAT(loss.terms(0), WithinRel(golden_vector(name + "target_value")(0), 1e-12));
  CHECK_THAT(loss.terms(1), WithinRel(golden_vector(name + "transport_value")(0), 1e-11));
  CHECK(relative_distance(loss.gradient, golden(name + "gradient"), 1e-6) < 1e-8);
}

TEST_CASE("what one class costs for another follows from the weights of the last layer",
          "[methods][wasserstein_logits]") {
  Network<Sequential<Linear<3, 7>, Linear<7, 10>>, cpu::Space, double> network(Rng(1));
  network.layer<2>().weight() = golden("wasserstein/weight").transpose();
  const Matrix<double> costs = class_costs(network);
  CHECK(relative_distance(costs, golden("wasserstein/random_costs"), 1e-12) < 1e-12);
  CHECK(costs.diagonal().isZero(0));
}

TEST_CASE("to carry opinion to a class near by costs less", "[methods][wasserstein_logits]") {
  const Labels labels = Labels::Constant(1, 5);
  const auto cost = [&](Index student, Index teacher) {
    Matrix<double> z = Matrix<double>::Zero(6, 1), v = z;
    z(student) = v(teacher) = 40;
    const WassersteinLogits method(on_a_line(6), {.temperature = 1, .rounds = 50});
    return on_logits(method, v, z, labels).terms(1);
  };
  CHECK_THAT(cost(2, 2), WithinAbs(0, 1e-4));
  CHECK_THAT(cost(1, 2), WithinAbs(0.2, 1e-4));
  CHECK_THAT(cost(0, 4), WithinAbs(0.8, 1e-4));
}

TEST_CASE("the target of the Wasserstein distance is that of Nkd",
          "[methods][wasserstein_logits]") {
  const Matrix<double> student = random_matrix<double>(5, 6, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(5, 6, 2, 3);
  const Labels labels = random_labels(6, 5, 3);
  const auto got =
      on_logits(WassersteinLogits(on_a_line(5), {.transport_weight = 0}), teacher, student, labels);
  const auto expected = on_logits(Nkd({.non_target_weight = 0}), teacher, student, labels);
  CHECK_THAT(got.value, WithinRel(expected.value, 1e-13));
  CHECK(relative_distance(got.gradient, expected.gradient, 1e-9) < 1e-12);
}

TEST_CASE("the Wasserstein distance is finite for logits as large as they come",
          "[methods][wasserstein_logits]") {
  const float huge = 1e36F;
  const Matrix<float> logits{{huge, -huge, 0, -huge}, {-huge, huge, 0, huge}, {0, 0, huge, huge}};
  const Matrix<float> reversed = logits.rowwise().reverse();
  const auto loss =
      on_logits(WassersteinLogits(1.5 * on_a_line(3)), reversed, logits, random_labels(4, 3, 1));
  CHECK(loss.terms.allFinite());
  CHECK(loss.gradient.allFinite());
}

TEST_CASE("a logit that is not finite shows in the Wasserstein distance",
          "[methods][wasserstein_logits]") {
  const Labels labels = random_labels(3, 5, 3);
  for (const double special : {std::nan(""), std::numeric_limits<double>::infinity()})
    for (Index c = 0; c < 5; ++c)
      for (const bool of_student : {true, false}) {
        Matrix<double> logits[2] = {random_matrix<double>(5, 3, 1), random_matrix<double>(5, 3, 2)};
        logits[of_student ? 0 : 1](c, 1) = special;
        const auto loss = on_logits(WassersteinLogits(on_a_line(5)), logits[1], logits[0], labels);
        CAPTURE(special, c, of_student);
        CHECK_FALSE(std::isfinite(loss.value));
        CHECK(loss.gradient.col(0).allFinite());
        CHECK(loss.gradient.col(2).allFinite());
      }
}

TEST_CASE("costs and options of the Wasserstein distance are checked",
          "[methods][wasserstein_logits]") {
  const Matrix<double> costs = on_a_line(3);
  CHECK_THROWS_WITH(WassersteinLogits(costs, {.temperature = 0}),
                    "WassersteinLogits: temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(WassersteinLogits(costs, {.transport_weight = -1}),
                    "WassersteinLogits: transport_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(WassersteinLogits(costs, {.target_weight = -1}),
                    "WassersteinLogits: target_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(WassersteinLogits(costs, {.rounds = 0}),
                    "WassersteinLogits: rounds must be at least 1, got 0");
  CHECK_THROWS_WITH(WassersteinLogits(costs, {.regularisation = 0}),
                    "WassersteinLogits: regularisation must be positive and finite, got 0");
  CHECK_THROWS_WITH(WassersteinLogits(costs, {.regularisation = 0.03}),
                    "WassersteinLogits: regularisation must be at least a 30th of the largest "
                    "cost, 1, got 0.03");
  CHECK_THROWS_WITH(WassersteinLogits(-costs),
                    "WassersteinLogits: costs must be zero or more and finite, got -0.5");
  CHECK_THROWS_WITH(WassersteinLogits(Matrix<double>(costs.leftCols(2))),
                    "WassersteinLogits: expected 3 columns of costs, as there are rows, got 2");
  const Matrix<float> logits = random_matrix<float>(4, 2, 1);
  CHECK_THROWS_WITH(on_logits(WassersteinLogits(costs), logits, logits),
                    "WassersteinLogits: expected 3 classes, as there are rows of costs, got 4");
  const Matrix<float> one = random_matrix<float>(1, 2, 1);
  CHECK_THROWS_WITH(on_logits(WassersteinLogits(Matrix<double>::Zero(1, 1)), one, one),
                    "WassersteinLogits: expected at least 2 classes, got 1");
}
