// SPDX-License-Identifier: MIT
#include "kd/nn/linear.hpp"

#include "kd/testing/check_layer.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/run_layer.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::relative_distance;

TEST_CASE("Linear passes the checks of a layer", "[nn][linear]") {
  for (const Index batch : {1, 3, 8}) {
    const auto fixed = kd::testing::check_layer(Linear<5, 3>(), {.batch = batch});
    INFO(fixed.message());
    CHECK(fixed.passed());
    const auto sized = kd::testing::check_layer(Linear<>(17, 9), {.batch = batch});
    INFO(sized.message());
    CHECK(sized.passed());
  }
}

TEMPLATE_TEST_CASE("Linear gives what PyTorch gives", "[nn][linear]", float, double) {
  using S = TestType;
  const double tolerance = std::is_same_v<S, float> ? 1e-5 : 1e-12;
  const auto read = [](const char* name) {
    return Matrix<S>(golden(std::string("linear/") + name).template cast<S>());
  };
  const auto read_vector = [](const char* name) {
    return Vector<S>(golden_vector(std::string("linear/") + name).template cast<S>());
  };
  const Linear<7, 3> layer;
  Vector<S> params(layer.num_params());
  params << read("weight").reshaped(), read_vector("bias");  // as PyTorch's state dict has them
  auto run = kd::test::run_forward<S>(layer, params, read("x"));
  CHECK(relative_distance(run.y, golden("linear/y"), 0.1) < tolerance);
  kd::test::run_backward<S>(layer, params, read("x"), read("dy"), run);
  CHECK(relative_distance(run.dx, golden("linear/dx"), 0.1) < tolerance);
  Vector<S> dparams(layer.num_params());
  dparams << read("dweight").reshaped(), read_vector("dbias");
  CHECK(relative_distance(run.dparams, dparams, 0.1) < tolerance);
}

TEST_CASE("the sizes and tensors of a Linear layer", "[nn][linear]") {
  const Linear<5, 3> layer;
  CHECK(layer.in_features() == 5);
  CHECK(layer.out_features() == 3);
  CHECK(layer.num_params() == 18);
  const auto tensors = layer.tensors();
  REQUIRE(tensors.size() == 2);
  CHECK(tensors[0].name == "weight");
  CHECK(tensors[0].rows == 3);
  CHECK(tensors[0].cols == 5);
  CHECK(tensors[0].offset == 0);
  CHECK(tensors[1].name == "bias");
  CHECK(tensors[1].size() == 3);
  CHECK(tensors[1].offset == 15);

  const Linear<dynamic, 3> half(5, 3);
  CHECK(half.num_params() == 18);
}

TEST_CASE("sizes of run time are checked", "[nn][linear]") {
  CHECK_THROWS_WITH((Linear<>(0, 3)), "Linear: sizes must be positive, got 0 -> 3");
  CHECK_THROWS_AS((Linear<>(3, -1)), ShapeError);
  CHECK_THROWS_WITH((Linear<5, 3>(4, 3)), "Linear: expected 5 input features, got 4");
  CHECK_THROWS_WITH((Linear<dynamic, 3>(5, 2)), "Linear: expected 3 output features, got 2");
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<Linear<>>);
  STATIC_REQUIRE(std::is_default_constructible_v<Linear<5, 3>>);
}
