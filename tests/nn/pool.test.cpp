// SPDX-License-Identifier: MIT
#include "kd/nn/pool.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "kd/testing/check_layer.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/run_layer.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::relative_distance;

namespace {

constexpr Window halving{.stride = 2, .pad = 1};

/// Calls `f(name, layer)` with every pool of tests/golden/make_images.py.
template <class F>
void for_each_golden(F&& f) {
  const auto call = [&](const char* name, auto layer) {
    layer.bind({4, 7, 6});
    f(name, layer);
  };
  call("max2", MaxPool2d<2>());
  call("max3", MaxPool2d<3, halving>());
  call("average2", AvgPool2d<2>());
  call("average3", AvgPool2d<3, halving>());
  call("global", GlobalAvgPool());
}

}  // namespace

TEMPLATE_TEST_CASE("pools give what PyTorch gives", "[nn][pool]", float, double) {
  using S = TestType;
  const double tolerance = std::is_same_v<S, float> ? 1e-6 : 1e-14;
  for_each_golden([&](const std::string& name, const auto& layer) {
    CAPTURE(name);
    const auto read = [&](const char* what) {
      return Matrix<S>(golden("pool/" + name + "_" + what).template cast<S>());
    };
    auto run = kd::test::run_forward<S>(layer, {}, read("x"));
    CHECK(relative_distance(run.y, golden("pool/" + name + "_y"), 0.1) < tolerance);
    kd::test::run_backward<S>(layer, {}, read("x"), read("dy"), run);
    CHECK(relative_distance(run.dx, golden("pool/" + name + "_dx"), 0.1) < tolerance);
  });
}

TEST_CASE("pools pass the checks of a layer", "[nn][pool]") {
  const auto check = [](const std::string& name, const auto& layer) {
    const auto report = kd::testing::check_layer(layer, {.batch = 3});
    INFO(name << ": " << report.message());
    CHECK(report.passed());
  };
  for_each_golden(check);
  AvgPool2d<3, Window{.stride = 2, .same = true}> same;
  same.bind({2, 8, 5});
  check("same", same);
}

TEST_CASE("the border of SAME does not count in a mean", "[nn][pool]") {
  AvgPool2d<2, Window{.stride = 2, .same = true}> layer;
  layer.bind({1, 3, 3});
  CHECK(layer.out_shape() == Shape{1, 2, 2});
  Matrix<double> x(9, 1);
  x << 1, 2, 3, 4, 5, 6, 7, 8, 9;
  const auto run = kd::test::run_forward<double>(layer, {}, x);
  CHECK(run.y.col(0) == Vector<double>{{3, 4.5, 7.5, 9}});
}

TEST_CASE("a maximum is NaN where an element is, and minus infinity can be one", "[nn][pool]") {
  MaxPool2d<2> layer;
  layer.bind({1, 2, 4});
  constexpr double inf = std::numeric_limits<double>::infinity();
  Matrix<double> x(8, 1);
  x << 1, NAN, -inf, -inf, 5, 2, -inf, -inf;
  const auto run = kd::test::run_forward<double>(layer, {}, x);
  CHECK(std::isnan(run.y(0)));
  CHECK(run.y(1) == -inf);
}

TEST_CASE("pools say what they cannot take", "[nn][pool]") {
  MaxPool2d<3> layer;
  CHECK_THROWS_WITH(layer.bind({4, 2, 5}),
                    "MaxPool2d: expected maps of at least 3 x 3 with their border of 0, got 2 x 5");
  STATIC_REQUIRE(MaxPool2d<3>::static_out_shape({4, 2, 5}) == detail::no_shape);
  STATIC_REQUIRE(AvgPool2d<2>::static_out_shape({4, 7, 6}) == Shape{4, 3, 3});
  STATIC_REQUIRE(GlobalAvgPool::static_out_shape({4, 7, 6}) == Shape{4, 1, 1});
}
