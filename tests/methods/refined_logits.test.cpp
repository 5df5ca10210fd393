// SPDX-License-Identifier: MIT
#include "kd/methods/refined_logits.hpp"

#include "kd/loss/kl_divergence.hpp"
#include "kd/methods/decoupled_kd.hpp"
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

TEST_CASE("refined logits pass the checks of a method", "[methods][refined_logits]") {
  const double temperature = GENERATE(1., 4.);
  const auto report =
      kd::testing::check_method(RefinedLogits{{.confidence_temperature = temperature}},
                                {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("refined logits give what PyTorch gives", "[methods][refined_logits]") {
  const std::string name = GENERATE("refined/random_", "refined/extreme_");
  INFO(name);
  const auto loss =
      on_logits(RefinedLogits{{.confidence_temperature = 2, .warm_up_epochs = 0}},
                golden(name + "teacher"), golden(name + "student"), golden_labels(name + "labels"));
  CHECK_THAT(loss.value, WithinRel(golden_vector(name + "value")(0), 1e-12));
  CHECK_THAT(loss.terms(0), WithinRel(golden_vector(name + "confidence_value")(0), 1e-12));
  CHECK_THAT(loss.terms(1), WithinRel(golden_vector(name + "correlation_value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden(name + "gradient"), 1e-6) < 1e-9);
}

TEST_CASE("of a teacher that is right refined logits are decoupled distillation",
          "[methods][refined_logits]") {
  const double temperature = GENERATE(1., 4., 1e4);
  const Matrix<float> student = random_matrix<float>(7, 5, 1, 4);
  const Matrix<float> teacher = random_matrix<float>(7, 5, 2, 4);
  Labels labels(5);
  for (Index b = 0; b < 5; ++b) {
    Index best = 0;
    teacher.col(b).maxCoeff(&best);
    labels(b) = static_cast<Label>(best);
  }
  const auto loss = on_logits(
      RefinedLogits{
          {.confidence_temperature = temperature, .temperature = temperature, .warm_up_epochs = 0}},
      teacher, student, labels);
  const auto expected = on_logits(DecoupledKd{{.temperature = temperature, .warm_up_epochs = 0}},
                                  teacher, student, labels);
  CHECK(loss.terms(0) == expected.terms(0));
  CHECK_THAT(loss.terms(1), WithinRel(expected.terms(1), 1e-5));
  CHECK(relative_distance(loss.gradient, expected.gradient, 1e-3) < 1e-4);
}

TEST_CASE("a teacher that is wrong says how sure to be of y, and nothing of what it put before y",
          "[methods][refined_logits]") {
  const Labels labels = Labels::Zero(1);
  Matrix<double> teacher{{1}, {3}, {1}, {0}, {-1}};  // class 1 likeliest, 2 as likely as y
  Matrix<double> student{{2}, {1}, {0}, {0.5}, {0}};
  const RefinedLogits method{{.confidence_temperature = 1,
                              .temperature = 2,
                              .confidence_weight = 1,
                              .correlation_weight = 1,
                              .warm_up_epochs = 0}};
  const auto loss = on_logits(method, teacher, student, labels);
  const Matrix<double> z = student.bottomRows(2), v = teacher.bottomRows(2);
  CHECK_THAT(loss.terms(1), WithinRel(KlDivergence({.temperature = 2})(z, v).value, 1e-12));
  const double p = std::exp(3.) / teacher.array().exp().sum();
  const double q = std::exp(2.) / student.array().exp().sum();
  CHECK_THAT(loss.terms(0),
             WithinRel(p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q)), 1e-12));
  CHECK_THAT(loss.gradient(0, 0), WithinRel(q - p, 1e-12));
  // Where the teacher is as sure of another class, the same is asked of y.
  std::swap(teacher(1, 0), teacher(2, 0));
  CHECK_THAT(on_logits(method, teacher, student, labels).terms(0), WithinRel(loss.terms(0), 1e-12));
}

TEST_CASE("where y is the teacher's least likely class nothing is said of the others",
          "[methods][refined_logits]") {
  const Labels labels = Labels::Zero(2);
  const Matrix<float> teacher{{-1, 2}, {3, 2}, {-1, 2}};  // alone or among equals
  const Matrix<float> student{{2, 1}, {1, 0}, {0, 5}};
  const auto loss = on_logits(RefinedLogits{{.confidence_weight = 0, .warm_up_epochs = 0}}, teacher,
                              student, labels);
  CHECK(loss.terms(0) > 0);
  CHECK(loss.terms(1) == 0);
  CHECK(loss.gradient.isZero(0));
}

TEST_CASE("refined logits are finite for logits as large as they come",
          "[methods][refined_logits]") {
  const float huge = 1e37F;
  const Matrix<float> logits{{huge, -huge, 0, -huge}, {-huge, huge, 0, huge}, {0, 0, huge, huge}};
  const Matrix<float> reversed = logits.rowwise().reverse();
  const Labels labels{{0, 0, 1, 2}};
  const auto loss =
      on_logits(RefinedLogits{{.temperature = 1, .warm_up_epochs = 0}}, reversed, logits, labels);
  CHECK(loss.terms.allFinite());
  CHECK(loss.gradient.allFinite());
}

TEST_CASE("refined logits warm up over epochs", "[methods][refined_logits]") {
  const RefinedLogits method{
      {.confidence_weight = 1, .correlation_weight = 8, .warm_up_epochs = 4}};
  const auto at = [&](Index epoch) {
    return method.weights({.step = 10 * epoch + 9, .steps_per_epoch = 10, .total_steps = 100});
  };
  CHECK(at(0) == std::array{0.25, 2.});
  CHECK(at(1) == std::array{0.5, 4.});
  CHECK(at(3) == std::array{1., 8.});
  CHECK(at(9) == std::array{1., 8.});
  CHECK(RefinedLogits{{.warm_up_epochs = 0}}.weights({}) == std::array{1., 8.});
  CHECK(RefinedLogits{}.weights({}) == std::array{1. / 20, 8. / 20});
}

TEST_CASE("options of refined logits are checked", "[methods][refined_logits]") {
  CHECK_THROWS_AS(RefinedLogits({.temperature = 0}), ConfigError);
  CHECK_THROWS_WITH(RefinedLogits({.temperature = 0}),
                    "RefinedLogits: temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(RefinedLogits({.confidence_temperature = 0}),
                    "RefinedLogits: confidence_temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(RefinedLogits({.confidence_weight = -1}),
                    "RefinedLogits: confidence_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(RefinedLogits({.correlation_weight = -1}),
                    "RefinedLogits: correlation_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(RefinedLogits({.warm_up_epochs = -1}),
                    "RefinedLogits: warm_up_epochs must be 0 or more, got -1");
  const Matrix<double> one_class = random_matrix<double>(1, 3, 1);
  CHECK_THROWS_WITH(on_logits(RefinedLogits{}, one_class, one_class),
                    "RefinedLogits: expected at least 2 classes, got 1");
}
