// SPDX-License-Identifier: MIT
#include "support/golden.hpp"

#include "support/catch.hpp"

TEST_CASE("golden numbers have one column a sample", "[support]") {
  const kd::Matrix<double> logits = kd::test::golden("cross_entropy/random_logits");
  CHECK(logits.rows() == 10);
  CHECK(logits.cols() == 6);
  CHECK(kd::test::golden_labels("cross_entropy/random_labels").size() == 6);
  const kd::Matrix<double> swept = kd::test::golden("kl_divergence/random_gradient");
  CHECK(swept.cols() == 4);
  CHECK(kd::test::entry(swept, 0, 10).cols() == 6);
}

TEST_CASE("relative_distance sees what differs", "[support]") {
  const kd::Vector<double> a = kd::Vector<double>::Constant(2, 1.);
  kd::Vector<double> b = a;
  CHECK(kd::test::relative_distance(a, b, 1e-7) == 0);
  b(1) = 1.25;
  CHECK(kd::test::relative_distance(a, b, 1e-7) == Approx(0.2));
  b(0) = std::nan("");
  CHECK(kd::test::relative_distance(a, b, 1e-7) == std::numeric_limits<double>::infinity());
  CHECK_THROWS_AS(kd::test::relative_distance(a, b.head(1), 1e-7), kd::ShapeError);
}
