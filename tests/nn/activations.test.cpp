// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>
#include <string>

#include "kd/nn/describe.hpp"
#include "kd/nn/gelu.hpp"
#include "kd/nn/hard_swish.hpp"
#include "kd/nn/leaky_relu.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/network.hpp"
#include "kd/nn/relu6.hpp"
#include "kd/nn/sigmoid.hpp"
#include "kd/nn/silu.hpp"
#include "kd/nn/tanh.hpp"
#include "kd/testing/check_layer.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/run_layer.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::relative_distance;

namespace {

/// Both sides of every kink, and far from them.
Matrix<double> inputs() {
  Matrix<double> x(11, 5);
  for (Index i = 0; i < x.size(); ++i)
    x.data()[i] = -10.07 + 0.37 * static_cast<double>(i * 7 % x.size());
  return x;
}

template <class L>
void check(const L& layer) {
  const auto report = kd::testing::check_layer(layer, {.inputs = inputs()});
  INFO(L::name << ": " << report.message());
  CHECK(report.passed());
  const auto few = kd::testing::check_layer(layer, {.batch = 1, .features = 1});
  INFO(L::name << ": " << few.message());
  CHECK(few.passed());
}

template <class S, class L>
void check_golden(const L& layer, const std::string& name, double tolerance) {
  INFO(name);
  const Matrix<S> x = golden("activations/x").cast<S>();
  auto run = kd::test::run_forward<S>(layer, {}, x);
  kd::test::run_backward<S>(layer, {}, x, golden("activations/dy").cast<S>(), run);
  // PyTorch's GELU has no digits in its negative tail, where it adds -1 and 1.
  CHECK(relative_distance(run.y, golden("activations/" + name + "_y"), 0.1) < tolerance);
  CHECK(relative_distance(run.dx, golden("activations/" + name + "_dx"), 0.1) < tolerance);
}

/// The gradient that a layer gives for 1, at one place.
template <class L>
double slope_at(const L& layer, double at) {
  const Matrix<double> x = Matrix<double>::Constant(1, 1, at);
  auto run = kd::test::run_forward<double>(layer, {}, x);
  kd::test::run_backward<double>(layer, {}, x, Matrix<double>::Ones(1, 1), run);
  return run.dx(0);
}

}  // namespace

TEST_CASE("activations pass the checks of a layer", "[nn][activations]") {
  check(ReLU6());
  check(LeakyReLU());
  check(LeakyReLU(0));
  check(LeakyReLU(-1.5));
  check(HardSwish());
  check(GELU());
  check(SiLU());
  check(Tanh());
  check(Sigmoid());
}

TEMPLATE_TEST_CASE("activations give what PyTorch gives", "[nn][activations]", float, double) {
  using S = TestType;
  const double tolerance = std::is_same_v<S, float> ? 3e-6 : 1e-14;
  check_golden<S>(ReLU6(), "relu6", tolerance);
  check_golden<S>(LeakyReLU(), "leaky_relu", tolerance);
  check_golden<S>(LeakyReLU(-1.5), "leaky_relu_steep", tolerance);
  check_golden<S>(HardSwish(), "hard_swish", tolerance);
  check_golden<S>(GELU(), "gelu", tolerance);
  check_golden<S>(SiLU(), "silu", tolerance);
  check_golden<S>(Tanh(), "tanh", tolerance);
  check_golden<S>(Sigmoid(), "sigmoid", tolerance);
}

TEST_CASE("the gradients of activations at their kinks", "[nn][activations]") {
  CHECK(slope_at(ReLU6(), 0.) == 0);
  CHECK(slope_at(ReLU6(), -0.) == 0);
  CHECK(slope_at(ReLU6(), 6.) == 0);
  CHECK(slope_at(ReLU6(), std::nextafter(6., 0.)) == 1);
  CHECK(slope_at(ReLU6(), std::numeric_limits<double>::denorm_min()) == 1);
  CHECK(slope_at(LeakyReLU(), 0.) == 0.01);
  CHECK(slope_at(LeakyReLU(), -0.) == 0.01);
  CHECK(slope_at(HardSwish(), -3.) == 0);
  CHECK(slope_at(HardSwish(), 3.) == 1);
  CHECK_THAT(slope_at(HardSwish(), std::nextafter(-3., 0.)), WithinAbs(-0.5, 1e-14));
  CHECK_THAT(slope_at(HardSwish(), std::nextafter(3., 0.)), WithinAbs(1.5, 1e-14));
}

TEST_CASE("LeakyReLU takes any finite slope, 0.01 unless told", "[nn][activations]") {
  CHECK(LeakyReLU().negative_slope() == 0.01);
  CHECK(LeakyReLU(-2).negative_slope() == -2);
  CHECK_THROWS_WITH(LeakyReLU(1e39),
                    "LeakyReLU: negative_slope must be finite in float, got 1e+39");
  CHECK_THROWS_AS(LeakyReLU(std::nan("")), ConfigError);
  CHECK_THROWS_AS(LeakyReLU(-std::numeric_limits<double>::infinity()), ConfigError);
}

TEST_CASE("an architecture's text has the settings of its layers", "[nn][activations]") {
  const Sequential<Linear<4, 3>, LeakyReLU, GELU, ReLU6, Linear<3, 2>> net(
      Linear<4, 3>(), LeakyReLU(0.25), GELU(), ReLU6(), Linear<3, 2>());
  CHECK(detail::describe(net) == "Linear(4, 3), LeakyReLU(0.25), GELU, ReLU6, Linear(3, 2)");
}

TEST_CASE("a network of activations predicts and is trained", "[nn][activations]") {
  using Net = Sequential<Linear<4, 9>, HardSwish, Linear<9, 9>, SiLU, Linear<9, 9>, Tanh,
                         Linear<9, 3>, Sigmoid>;
  const Network<Net> network(Rng(1));
  const Matrix<float> logits = network.predict(Matrix<float>::Ones(4, 3));
  CHECK(logits.minCoeff() > 0);
  CHECK(logits.maxCoeff() < 1);
}
