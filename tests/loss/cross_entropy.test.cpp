// SPDX-License-Identifier: MIT
#include "kd/loss/cross_entropy.hpp"

#include "kd/testing/check_loss.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::relative_distance;

TEST_CASE("cross-entropy passes the checks of a loss", "[loss][cross_entropy]") {
  for (const Index classes : {2, 10, 300}) {
    const auto report = kd::testing::check_loss(CrossEntropy(), {.classes = classes, .batch = 3});
    INFO(classes << " classes: " << report.message());
    CHECK(report.passed());
  }
}

TEST_CASE("cross-entropy gives what PyTorch gives", "[loss][cross_entropy]") {
  for (const std::string name : {"cross_entropy/random_", "cross_entropy/extreme_"}) {
    const Labels labels = kd::test::golden_labels(name + "labels");
    const Matrix<double> logits = golden(name + "logits");
    const auto result = CrossEntropy()(logits, labels);
    const double value = kd::test::golden_vector(name + "value")(0);
    CHECK_THAT(result.value, WithinRel(value, 1e-13));
    CHECK(relative_distance(result.gradient, golden(name + "gradient"), 1e-3) < 1e-12);

    const auto single = CrossEntropy()(logits.cast<float>().eval(), labels);
    CHECK_THAT(single.value, WithinRel(static_cast<float>(value), 1e-6F));
    CHECK(relative_distance(single.gradient, golden(name + "gradient"), 1e-2) < 1e-5);
  }
}

TEST_CASE("cross-entropy takes any matrix of logits", "[loss][cross_entropy]") {
  const Matrix<double> wide = kd::test::random_matrix<double>(12, 8, 1);
  const Labels labels = kd::test::random_labels(8, 5, 2);
  const Matrix<double> logits = wide.middleRows(3, 5);
  const auto expected = CrossEntropy()(logits, labels);
  CHECK(CrossEntropy()(wide.middleRows(3, 5), labels).gradient == expected.gradient);
  CHECK(CrossEntropy()(logits * 1., labels).value == expected.value);
}

TEST_CASE("cross-entropy refuses what does not fit", "[loss][cross_entropy]") {
  const Matrix<double> logits = Matrix<double>::Zero(3, 2);
  CHECK_THROWS_WITH(CrossEntropy()(logits, Labels::Zero(3)),
                    "CrossEntropy: expected 2 labels, got 3");
  Labels labels(2);
  labels << 0, 3;
  CHECK_THROWS_AS(CrossEntropy()(logits, labels), DataError);
  CHECK_THROWS_WITH(CrossEntropy()(logits, labels), "label of sample 1: expected 0 to 2, got 3");
  CHECK_THROWS_AS(CrossEntropy()(Matrix<double>(3, 0), Labels()), ShapeError);
  CHECK_THROWS_WITH(CrossEntropy()(logits, Eigen::MatrixXi::Identity(2, 2)),
                    ContainsSubstring("one class a sample, got a matrix (2, 2)"));
}
