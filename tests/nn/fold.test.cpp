// SPDX-License-Identifier: MIT
#include "kd/nn/fold.hpp"

#include <type_traits>

#include "common/mlperf_tiny.hpp"
#include "kd/nn/dropout.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/shake.hpp"

using namespace kd;
using kd::test::random_matrix;
using kd::test::shake;

namespace {

template <class Folded, class Architecture>
void check(const Architecture& architecture, double tolerance) {
  Network<Architecture, cpu::Space, double> network(architecture, Rng(1));
  shake(network);
  const auto folded = fold(network);
  STATIC_REQUIRE(std::is_same_v<decltype(folded), const Network<Folded, cpu::Space, double>>);
  const Matrix<double> x = random_matrix<double>(network.in_features(), 5, 2);
  CHECK(folded.predict(x).isApprox(network.predict(x), tolerance));
  CHECK(network.statistics().size > 0);
}

constexpr ConvOptions without{.bias = false};
constexpr Window halving{.stride = 2, .pad = 1};

}  // namespace

TEST_CASE("a BatchNorm is folded into the layer before it", "[nn][fold]") {
  check<Sequential<Linear<6, 5>, ReLU, Linear<5, 3>>>(
      Sequential<Linear<6, 5>, BatchNorm, ReLU, Linear<5, 3>, BatchNorm>(), 1e-13);
  check<Sequential<Image<2, 5, 4>, Conv2d<6, 3, Window{}, ConvOptions{.groups = 2}>, ReLU,
                   Linear<36, 3>>>(
      Sequential<Image<2, 5, 4>, Conv2d<6, 3, Window{}, ConvOptions{.groups = 2, .bias = false}>,
                 BatchNorm, ReLU, Linear<36, 3>>(),
      1e-13);
  check<Sequential<Image<3, 5, 4>, DepthwiseConv2d<3>, Linear<18, 3>>>(
      Sequential<Image<3, 5, 4>, DepthwiseConv2d<3, Window{}, false>, BatchNorm, Linear<18, 3>>(),
      1e-13);
}

TEST_CASE("folding reaches into residuals and rows", "[nn][fold]") {
  using Branch = Sequential<Conv2d<4, 3, halving, without>, BatchNorm, ReLU>;
  check<Sequential<Image<2, 6, 6>, Conv2d<2, 1>,
                   Residual<Shortcut<Conv2d<4, 1, Window{.stride = 2}>>,
                            Sequential<Conv2d<4, 3, halving>, ReLU>, Conv2d<4, 1>>,
                   Residual<Conv2d<4, 1>, ReLU>, Linear<36, 2>>>(
      Sequential<Image<2, 6, 6>, Conv2d<2, 1>, BatchNorm,
                 Residual<Shortcut<Conv2d<4, 1, Window{.stride = 2}, without>, BatchNorm>, Branch,
                          Conv2d<4, 1>, BatchNorm>,
                 Residual<Conv2d<4, 1, Window{}, without>, BatchNorm, ReLU>, Linear<36, 2>>(),
      1e-13);
}

TEST_CASE("a row of one row, and a residual of one residual, stay what they are", "[nn][fold]") {
  check<Sequential<Sequential<Linear<4, 4>>, Residual<Residual<Linear<4, 4>>>>>(
      Sequential<Sequential<Linear<4, 4>, BatchNorm>,
                 Residual<Residual<Linear<4, 4>, BatchNorm>>>(),
      1e-13);
}

TEST_CASE("a BatchNorm behind another layer stays, with its moments", "[nn][fold]") {
  check<Sequential<Image<6, 1, 1>, BatchNorm, Linear<6, 4>, BatchNorm, Dropout, BatchNorm>>(
      Sequential<Image<6, 1, 1>, BatchNorm, Linear<6, 4>, BatchNorm, BatchNorm, Dropout,
                 BatchNorm>(),
      1e-13);
}

TEST_CASE("settings of run time are folded too", "[nn][fold]") {
  const Sequential net(Image<>(2, 6, 5), Conv2d<>(4, 3, {.pad = 1}, {.groups = 2, .bias = false}),
                       BatchNorm({.eps = 0.1}), Dropout(0.25), Linear<>(120, 3));
  Network<std::remove_const_t<decltype(net)>> network(net, Rng(1));
  shake(network);
  const auto folded = fold(network);
  CHECK(folded.architecture().depth == 3);
  CHECK(folded.architecture().layer<2>().p() == 0.25);
  const Matrix<float> x = random_matrix<float>(60, 5, 2);
  CHECK(folded.predict(x).isApprox(network.predict(x), 1e-5F));
}

TEST_CASE("a folded ResNet-8 gives the same logits", "[nn][fold]") {
  Network<mlperf_tiny::ResNet8> network(Rng(1));
  shake(network);
  const auto folded = fold(network);
  CHECK(folded.statistics().size == 0);
  CHECK(folded.num_params() == 77706);
  const Matrix<float> x = random_matrix<float>(network.in_features(), 3, 2);
  CHECK(folded.predict(x).isApprox(network.predict(x), 1e-5F));
}

TEST_CASE("what was moved from is not folded", "[nn][fold]") {
  Network<Sequential<Linear<6, 5>, BatchNorm>> network(Rng(1));
  const auto taken = std::move(network);
  CHECK_THROWS_WITH(fold(network), "fold: the network was moved from and has no weights");
}
