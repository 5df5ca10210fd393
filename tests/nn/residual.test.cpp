// SPDX-License-Identifier: MIT
#include "kd/nn/residual.hpp"

#include <string>
#include <vector>

#include "kd/nn/conv2d.hpp"
#include "kd/nn/describe.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/network.hpp"
#include "kd/nn/relu.hpp"
#include "kd/testing/gradient_check.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

using Net = Sequential<Linear<4, 6>,                                // 1
                       Residual<Linear<6, 6>, ReLU, Linear<6, 6>>,  // 2, 3, 4, sum 5
                       Sequential<ReLU, Linear<6, 5>>,              // 6, 7
                       Residual<Shortcut<Linear<5, 3>, Dropout>,    // 10, 11
                                Linear<5, 3>, ReLU>,                // 8, 9, sum 12
                       Linear<3, 2>>;                               // 13

template <class Architecture>
using InDouble = Network<Architecture, cpu::Space, double>;

/// What a Linear layer of a network gives.
template <Index I, class N>
Matrix<double> linear(const N& network, const Matrix<double>& x) {
  const auto layer = network.template layer<I>();
  return (layer.weight() * x).colwise() + layer.bias();
}

Matrix<double> relu(const Matrix<double>& x) { return x.cwiseMax(0); }

}  // namespace

TEST_CASE("layers within layers are counted as they run", "[nn][residual]") {
  STATIC_REQUIRE(Net::depth == 13);
  STATIC_REQUIRE(Net::static_width(5) == 6);
  STATIC_REQUIRE(Net::static_width(12) == 3);
  STATIC_REQUIRE(Net::sources(6).first == 5);
  STATIC_REQUIRE(Net::sources(5).first == 4);
  STATIC_REQUIRE(Net::sources(5).second == 1);
  STATIC_REQUIRE(Net::sources(10).first == 7);
  STATIC_REQUIRE(Net::sources(12).first == 9);
  STATIC_REQUIRE(Net::sources(12).second == 11);
  CHECK(Net::paths() == std::vector<std::string>{"0", "1.branch.0", "1.branch.1", "1.branch.2", "1",
                                                 "2.0", "2.1", "3.branch.0", "3.branch.1",
                                                 "3.shortcut.0", "3.shortcut.1", "3", "4"});
  CHECK(detail::describe(Net()) ==
        "Linear(4, 6), Linear(6, 6), ReLU, Linear(6, 6), Add(4, 1), ReLU, Linear(6, 5), "
        "Linear(5, 3), ReLU, Linear(5, 3), Dropout(0.5), Add(9, 11), Linear(3, 2)");
}

TEST_CASE("a residual adds what goes past its branch", "[nn][residual]") {
  const InDouble<Net> network(Rng(3));
  const Matrix<double> x = random_matrix<double>(4, 7, 1);
  const Matrix<double> first = linear<1>(network, x);
  const Matrix<double> second = linear<4>(network, relu(linear<2>(network, first))) + first;
  const Matrix<double> third = linear<7>(network, relu(second));
  const Matrix<double> fourth =
      relu(linear<8>(network, third)) + linear<10>(network, third);  // no dropout in inference
  CHECK(network.predict(x).isApprox(linear<13>(network, fourth), 1e-13));

  auto tape = network.make_workspace(7);
  network.forward(view(x), tape);
  CHECK(map(tape.value(5)).isApprox(second, 1e-13));
  CHECK(map(tape.value(12)).isApprox(fourth, 1e-13));
  CHECK(tape.value(11).data == tape.value(10).data);  // dropout, which changes nothing here
}

TEST_CASE("the gradient of a network with residuals, and of taps within", "[nn][residual]") {
  InDouble<Net> network(Rng(3));
  const Matrix<double> x = random_matrix<double>(4, 5, 1);
  auto tape = network.make_workspace(5, Mode::training);
  for (const Index tap : {1, 2, 4, 5, 8, 11, 12, 13}) {
    CAPTURE(tap);
    const Matrix<double> at_tap = random_matrix<double>(network.architecture().width(tap), 5, 7);
    const Matrix<double> at_end = random_matrix<double>(2, 5, 8);
    const auto value = [&] {
      network.forward(view(x), tape, Rng(5));
      return map(tape.value(tap)).cwiseProduct(at_tap).sum() +
             map(tape.logits()).cwiseProduct(at_end).sum();
    };
    value();
    network.zero_grad();
    map(tape.grad(tap)) += at_tap;
    map(tape.grad(13)) += at_end;
    network.backward(tape);
    const Vector<double> gradient = map(network.grads());
    kd::testing::CheckReport report;
    kd::testing::check_gradient(report, "gradient", network.params(), view(gradient), value);
    INFO(report.message());
    CHECK(report.passed());
  }
}

TEST_CASE("a gradient within a branch alone reaches what is before it", "[nn][residual]") {
  InDouble<Net> network(Rng(3));
  const Matrix<double> x = random_matrix<double>(4, 5, 1);
  auto tape = network.make_workspace(5, Mode::training);
  const auto value = [&] {
    network.forward(view(x), tape, Rng(5));
    return map(tape.value(3)).sum();
  };
  value();
  network.zero_grad();
  map(tape.grad(3)).setOnes();
  network.backward(tape);
  const Vector<double> gradient = map(network.grads());
  kd::testing::CheckReport report;
  kd::testing::check_gradient(report, "gradient", network.params(), view(gradient), value);
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("a residual may begin a network, and be all of it", "[nn][residual]") {
  const InDouble<Sequential<Residual<Linear<3, 3>>>> network(Rng(1));
  const Matrix<double> x = random_matrix<double>(3, 4, 1);
  CHECK(network.predict(x).isApprox(linear<1>(network, x) + x, 1e-14));
}

TEST_CASE("settings of run time, within a residual too", "[nn][residual]") {
  using Sized =
      Sequential<Image<>, Conv2d<>, Residual<Shortcut<Conv2d<>>, Conv2d<>, Dropout>, Linear<>>;
  const Sized net(Image<>(1, 6, 5), Conv2d<>(3, 3, {.pad = 1}),
                  Residual(Shortcut(Conv2d<>(4, 1, {.stride = 2})),
                           Conv2d<>(4, 3, {.stride = 2, .pad = 1}), Dropout(0.25)),
                  Linear<>(4 * 3 * 3, 2));
  CHECK(net.depth == 6);
  CHECK(net.in_features() == 30);
  CHECK(net.shape(1) == Shape{3, 6, 5});
  CHECK(net.shape(5) == Shape{4, 3, 3});
  CHECK(net.layer<3>().p() == 0.25);
  CHECK(net.out_features() == 2);

  const auto mismatched = [](Index channels, Index stride) {
    return Sized(Image<>(1, 6, 5), Conv2d<>(3, 3, {.pad = 1}),
                 Residual(Shortcut(Conv2d<>(channels, 1, {.stride = stride})),
                          Conv2d<>(4, 3, {.stride = 2, .pad = 1}), Dropout()),
                 Linear<>(4 * 3 * 3, 2));
  };
  CHECK_THROWS_WITH(mismatched(5, 2),
                    "Sequential: layer 3 ends a branch with 4 x 3 x 3, the "
                    "shortcut has 5 x 3 x 3");
  CHECK_THROWS_AS(mismatched(4, 1), ShapeError);
  CHECK_THROWS_WITH(Sequential(Image<>(1, 2, 5), Conv2d<>(3, 3), Linear<>(3, 2)),
                    "Sequential: layer 1: Conv2d: expected maps of at least 3 x 3 with their "
                    "border of 0, got 2 x 5");
  CHECK_THROWS_WITH(Image<>(1, 0, 5), "Image: sizes must be positive, got 1 x 0 x 5");
  using Mixed = Image<1, 28, dynamic>;
  CHECK_THROWS_WITH(Mixed(1, 27, 5), "Image: expected 1 x 28 x ?, got 1 x 27 x 5");
}
