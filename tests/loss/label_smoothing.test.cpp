// SPDX-License-Identifier: MIT
#include "kd/loss/label_smoothing.hpp"

#include "kd/loss/cross_entropy.hpp"
#include "kd/testing/check_loss.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::random_labels;
using kd::test::random_matrix;
using kd::test::relative_distance;

TEST_CASE("label smoothing passes the checks of a loss", "[loss][label_smoothing]") {
  const auto report = kd::testing::check_loss(LabelSmoothing{{.smoothing = 0.3}});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("label smoothing gives what PyTorch gives", "[loss][label_smoothing]") {
  const std::string name = "label_smoothing/";
  const auto loss =
      LabelSmoothing{}(golden(name + "logits"), kd::test::golden_labels(name + "labels"));
  CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector(name + "value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden(name + "gradient"), 1e-6) < 1e-9);
}

TEST_CASE("without smoothing it is the cross-entropy", "[loss][label_smoothing]") {
  const Matrix<double> logits = random_matrix<double>(7, 5, 1, 4);
  const Labels labels = random_labels(5, 7, 2);
  const auto plain = CrossEntropy{}(logits, labels);
  const auto smooth = LabelSmoothing{{.smoothing = 0}}(logits, labels);
  CHECK_THAT(smooth.value, WithinRel(plain.value, 1e-12));
  CHECK(smooth.gradient.isApprox(plain.gradient, 1e-12));
}

TEMPLATE_TEST_CASE("label smoothing survives logits of 1e4", "[loss][label_smoothing]", float,
                   double) {
  const TestType far = TestType(1e4);
  const Matrix<TestType> logits{{far, -far}, {-far, -far}, {0, far}};
  const auto loss = LabelSmoothing{}(logits, Labels{{1, 2}});
  // Sample 1: target (1/30, 28/30, 1/30) against logits less their largest (0, -2e4, -1e4)
  const double first = (28. / 30) * 2e4 + (1. / 30) * 1e4;
  const double second = 2 * (1. / 30) * 2e4;
  CHECK_THAT(static_cast<double>(loss.value), WithinRel((first + second) / 2, 1e-6));
  CHECK(loss.gradient.allFinite());
}

TEST_CASE("label smoothing says what does not fit", "[loss][label_smoothing]") {
  const double smoothing = GENERATE(-0.1, 1., 1.5);
  CHECK_THROWS_AS(LabelSmoothing({.smoothing = smoothing}), ConfigError);
  CHECK_THROWS_WITH(LabelSmoothing({.smoothing = smoothing}),
                    ContainsSubstring("LabelSmoothing: smoothing must be in [0, 1)"));
  const Matrix<double> logits = random_matrix<double>(3, 2, 1);
  CHECK_THROWS_AS(LabelSmoothing{}(logits, Labels{{0, 1, 2}}), ShapeError);
  CHECK_THROWS_AS(LabelSmoothing{}(logits, Labels{{0, 3}}), DataError);
  CHECK_THROWS_WITH(LabelSmoothing{}(logits, Eigen::MatrixXi::Identity(2, 2)),
                    ContainsSubstring("one class a sample, got a matrix (2, 2)"));
}
