// SPDX-License-Identifier: MIT
#include "kd/nn/layer_norm.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "kd/nn/describe.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/network.hpp"
#include "kd/nn/tanh.hpp"
#include "kd/testing/check_layer.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"
#include "support/run_layer.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

/// Weights and biases that are not what they are at first.
Vector<double> some_params(Index features) { return random_matrix<double>(2 * features, 1, 7); }

template <class S, class L>
kd::test::LayerRun<S> run(const L& layer, const Vector<S>& params, const Matrix<S>& x,
                          const Matrix<S>& dy) {
  auto result = kd::test::run_forward<S>(layer, params, x);
  kd::test::run_backward<S>(layer, params, x, dy, result);
  return result;
}

}  // namespace

TEST_CASE("LayerNorm passes the checks of a layer", "[nn][layer_norm]") {
  for (const Index features : {1, 2, 3, 17, 300}) {
    const auto plain =
        kd::testing::check_layer(LayerNorm<>(features), {.params = some_params(features)});
    INFO(features << ": " << plain.message());
    CHECK(plain.passed());
    const auto wide = kd::testing::check_layer(LayerNorm<>(features, {.eps = 0.5}), {.batch = 1});
    INFO(features << ": " << wide.message());
    CHECK(wide.passed());
  }
}

TEMPLATE_TEST_CASE("LayerNorm gives what PyTorch gives", "[nn][layer_norm]", float, double) {
  using S = TestType;
  const double tolerance = std::is_same_v<S, float> ? 1e-5 : 1e-12;
  Vector<S> params(14);
  params << golden_vector("layer_norm/weight").cast<S>(),
      golden_vector("layer_norm/bias").cast<S>();
  const Matrix<S> x = golden("layer_norm/x").cast<S>();
  const Matrix<S> dy = golden("layer_norm/dy").cast<S>();
  for (const auto& [prefix, eps] : {std::pair("plain_", 1e-5), std::pair("large_eps_", 0.5)}) {
    const auto read = [&, name = std::string("layer_norm/") + prefix](const char* what) {
      return golden(name + what);
    };
    INFO(prefix);
    const auto got = run<S>(LayerNorm<7>({.eps = eps}), params, x, dy);
    CHECK(relative_distance(got.y, read("y"), 0.1) < tolerance);
    CHECK(relative_distance(got.dx, read("dx"), 0.1) < tolerance);
    Vector<double> dparams(14);
    dparams << read("dweight").reshaped(), read("dbias").reshaped();
    CHECK(relative_distance(got.dparams, dparams, 0.1) < tolerance);
  }
}

TEST_CASE("a LayerNorm begins with a scale of 1 and no bias", "[nn][layer_norm]") {
  const Network<Sequential<Linear<4, 3>, LayerNorm<3>>> network(Rng(1));
  CHECK(network.layer<2>().weight() == Vector<float>::Ones(3));
  CHECK(network.layer<2>().bias() == Vector<float>::Zero(3));
  const Matrix<float> y = network.predict(random_matrix<float>(4, 50, 1) * 100);
  CHECK(y.colwise().mean().cwiseAbs().maxCoeff() < 1e-5F);
  for (Index b = 0; b < y.cols(); ++b) CHECK(y.col(b).squaredNorm() / 3 == Approx(1).epsilon(0.01));
}

TEST_CASE("the sizes, tensors and text of a LayerNorm", "[nn][layer_norm]") {
  const LayerNorm<5> layer;
  CHECK(layer.options().eps == 1e-5);
  CHECK(layer.in_features() == 5);
  CHECK(layer.out_features() == 5);
  CHECK(layer.num_params() == 10);
  const auto tensors = layer.tensors();
  REQUIRE(tensors.size() == 2);
  CHECK(tensors[0].name == "weight");
  CHECK(tensors[0].size() == 5);
  CHECK(tensors[0].offset == 0);
  CHECK(tensors[0].is_vector);
  CHECK(tensors[0].is_scale);
  CHECK(tensors[1].name == "bias");
  CHECK(tensors[1].size() == 5);
  CHECK(tensors[1].offset == 5);
  CHECK(tensors[1].is_vector);
  CHECK_FALSE(tensors[1].is_scale);
  const Sequential<Linear<2, 5>, LayerNorm<5>, Tanh> net(Linear<2, 5>(), LayerNorm<5>({.eps = 0.5}),
                                                         Tanh());
  CHECK(detail::describe(net) == "Linear(2, 5), LayerNorm(5, 5, eps 0.5), Tanh");
}

TEST_CASE("what a LayerNorm is told is checked", "[nn][layer_norm]") {
  CHECK_THROWS_WITH(LayerNorm<>(0), "LayerNorm: the size must be positive, got 0");
  CHECK_THROWS_WITH(LayerNorm<5>(4), "LayerNorm: expected 5 features, got 4");
  CHECK_THROWS_WITH(LayerNorm<5>({.eps = 0}), "LayerNorm: eps must be positive and finite, got 0");
  CHECK_THROWS_AS(LayerNorm<5>({.eps = 1e-50}), ConfigError);
  CHECK_THROWS_AS(LayerNorm<>(5, {.eps = std::nan("")}), ConfigError);
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<LayerNorm<>>);
}

TEMPLATE_TEST_CASE("a mean far from zero costs LayerNorm the digits of the inputs alone",
                   "[nn][layer_norm]", float, double) {
  using S = TestType;
  const Matrix<S> x = Matrix<S>::Random(300, 4).array().round() + S(1 << 20);  // exact
  const Vector<S> params = Vector<S>::Ones(600);
  const Matrix<S> far = kd::test::run_forward<S>(LayerNorm<>(300), params, x).y;
  const Matrix<S> near =
      kd::test::run_forward<S>(LayerNorm<>(300), params, Matrix<S>(x.array() - S(1 << 20))).y;
  CHECK(relative_distance(far, near, 1) < (std::is_same_v<S, float> ? 0.1 : 1e-9));
}

TEST_CASE("LayerNorm is the same on any number of threads", "[nn][layer_norm]") {
  const Index features = 1000;
  const LayerNorm<> layer(features);
  const Vector<float> params = some_params(features).cast<float>();
  const Matrix<float> x = random_matrix<float>(features, 77, 1);
  const Matrix<float> dy = random_matrix<float>(features, 77, 2);
  const auto alone = run<float>(layer, params, x, dy);
  const kd::test::Threads use(2);
  const auto together = run<float>(layer, params, x, dy);
  CHECK(together.y == alone.y);
  CHECK(together.dx == alone.dx);
  CHECK(together.dparams == alone.dparams);
}
