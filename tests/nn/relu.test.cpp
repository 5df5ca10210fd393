// SPDX-License-Identifier: MIT
#include "kd/nn/relu.hpp"

#include "kd/testing/check_layer.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/run_layer.hpp"

using namespace kd;
using kd::test::golden;

TEST_CASE("ReLU passes the checks of a layer", "[nn][relu]") {
  const auto report = kd::testing::check_layer(ReLU(), {.batch = 7, .features = 9});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("ReLU gives what PyTorch gives, at zeros of both signs too", "[nn][relu]") {
  const Matrix<double> x = golden("relu/x");
  auto run = kd::test::run_forward<double>(ReLU(), {}, x);
  kd::test::run_backward<double>(ReLU(), {}, x, golden("relu/dy"), run);
  CHECK(run.y == golden("relu/y"));
  CHECK(run.dx == golden("relu/dx"));
}
