// SPDX-License-Identifier: MIT
#include "kd/loss/mse.hpp"

#include "kd/testing/check_loss.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::random_matrix;

TEST_CASE("the mean squared error passes the checks of a loss", "[loss][mse]") {
  const auto report = kd::testing::check_loss(Mse{});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("the mean squared error gives what PyTorch gives", "[loss][mse]") {
  const auto loss = Mse{}(golden("mse/prediction"), golden("mse/target"));
  CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector("mse/value")(0), 1e-12));
  CHECK(kd::test::relative_distance(loss.gradient, golden("mse/gradient"), 1e-9) < 1e-12);
}

TEST_CASE("the mean squared error says what does not fit", "[loss][mse]") {
  const Matrix<double> outputs = random_matrix<double>(3, 2, 1);
  CHECK_THROWS_AS(Mse{}(outputs, random_matrix<double>(4, 2, 1)), ShapeError);
  CHECK_THROWS_WITH(Mse{}(outputs, random_matrix<double>(4, 2, 1)),
                    "Mse: expected 3 target features, got 4");
  CHECK_THROWS_WITH(Mse{}(outputs, random_matrix<double>(3, 5, 1)),
                    "Mse: expected 2 target samples, got 5");
}
