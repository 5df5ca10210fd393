// SPDX-License-Identifier: MIT
#include "kd/nn/network.hpp"

#include <cmath>

#include "kd/cpu/ops/cross_entropy.hpp"
#include "kd/loss/cross_entropy.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/relu.hpp"
#include "kd/testing/gradient_check.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

using Net = Sequential<Linear<6, 5>, ReLU, Linear<5, 4>, ReLU, Linear<4, 3>>;
using Noisy = Sequential<Linear<6, 8>, Dropout, ReLU, Linear<8, 5>, Dropout, Linear<5, 3>>;

template <class Architecture>
using InDouble = Network<Architecture, cpu::Space, double>;

/// Forward, cross-entropy and backward; returns the loss.
template <class N>
double learn(N& network, typename N::Workspace& tape, const Matrix<double>& x, const Labels& y) {
  network.forward(view(x), tape, Rng(5));
  Vector<double> values(x.cols());
  const double scale = 1 / static_cast<double>(x.cols());
  op_cross_entropy<double>(network.space(), tape.logits(), view(y), scale, tape.grad(tape.depth()),
                           Write::add, view(values));
  network.backward(tape);
  return values.sum() * scale;
}

}  // namespace

TEST_CASE("the first weights of a seed are pinned", "[nn][network]") {
  // Computed by a second implementation of the generator, in Python.
  const double expected[] = {0x1.524c88p-4,  0x1.293158p-4,  0x1.8930ccp-3, 0x1.282bd8p-4,
                             -0x1.11e6ap-6,  0x1.230802p-2,  0x1.d0105cp-3, -0x1.6ed9a8p-4,
                             0x1.26fb12p-2,  -0x1.8c3774p-3, 0x1.006ff8p-4, -0x1.8ad9c4p-3,
                             -0x1.4c0362p-2, -0x1.4671b8p-4, -0x1.815cb8p-4};
  const Network<Sequential<Linear<4, 3>>> network(Rng(7));
  const InDouble<Sequential<Linear<4, 3>>> in_double(Rng(7));
  REQUIRE(network.num_params() == 15);
  for (Index i = 0; i < 15; ++i) {
    CHECK(network.params().data[i] == static_cast<float>(expected[i]));
    CHECK(in_double.params().data[i] == expected[i]);
  }
}

TEST_CASE("first weights are as PyTorch's nn.Linear draws them", "[nn][network]") {
  const Network<Sequential<Linear<100, 200>, ReLU, Linear<200, 10>>> network(Rng(1));
  const auto first = array(network.params().slice(0, 100 * 200 + 200)).cast<double>();
  const double bound = 1 / std::sqrt(100.);
  CHECK(first.abs().maxCoeff() < bound);
  CHECK(first.abs().maxCoeff() > 0.999 * bound);
  const auto n = static_cast<double>(first.size());
  CHECK_THAT(first.mean(), WithinAbs(0, 5 * bound / std::sqrt(3 * n)));
  CHECK_THAT(first.square().mean(), WithinRel(bound * bound / 3, 0.05));
  const auto second = array(network.params().slice(100 * 200 + 200, 2010));
  CHECK(second.abs().maxCoeff() < 1 / std::sqrt(200.F));
  CHECK(first(0) != static_cast<double>(second(0)));

  const Network<Sequential<Linear<100, 200>, ReLU, Linear<200, 10>>> other(Rng(2));
  CHECK(other.params().data[0] != network.params().data[0]);
}

TEST_CASE("forward is the layers one behind the other", "[nn][network]") {
  const InDouble<Net> network(Rng(3));
  const Matrix<double> x = random_matrix<double>(6, 7, 1);
  Matrix<double> h = x;
  const double* params = network.params().data;
  for (const auto& [in, out] : {std::pair(6, 5), std::pair(5, 4), std::pair(4, 3)}) {
    const Matrix<double> weight = Eigen::Map<const Matrix<double>>(params, in, out).transpose();
    const Vector<double> bias = Eigen::Map<const Vector<double>>(params + in * out, out);
    h = ((weight * h).colwise() + bias).eval();
    if (out != 3) h = h.cwiseMax(0).eval();
    params += in * out + out;
  }
  auto tape = network.make_workspace(7);
  CHECK(map(network.forward(view(x), tape)).isApprox(h, 1e-13));
  CHECK(network.predict(x).isApprox(h, 1e-13));
}

TEST_CASE("a layer that changes nothing writes over no other's values", "[nn][network]") {
  const InDouble<Noisy> network(Rng(3));
  InDouble<Sequential<Linear<6, 8>>> first(Rng(3));
  map(first.params()) = map(network.params()).head(first.num_params());
  const Matrix<double> x = random_matrix<double>(6, 7, 1);
  auto tape = network.make_workspace(7);
  network.forward(view(x), tape);
  CHECK(map(tape.value(1)) == first.predict(x));
  CHECK(map(tape.value(2)) == map(tape.value(1)));
  CHECK(map(tape.value(5)) == map(tape.value(4)));
}

TEMPLATE_TEST_CASE("the gradient of a whole network by central differences", "[nn][network]", Net,
                   Noisy) {
  InDouble<TestType> network(Rng(3));
  const Matrix<double> x = random_matrix<double>(6, 9, 1);
  const Labels y = kd::test::random_labels(9, 3, 2);
  auto tape = network.make_workspace(9, Mode::training);
  network.zero_grad();
  learn(network, tape, x, y);
  const Vector<double> gradient = map(network.grads());
  kd::testing::CheckReport report;
  kd::testing::check_gradient(report, "gradient of the network", network.params(), view(gradient),
                              [&] { return learn(network, tape, x, y); });
  INFO(report.message());
  CHECK(report.passed());
  CHECK(report.compared() == network.num_params());
}

TEST_CASE("gradients add up until they are forgotten", "[nn][network]") {
  InDouble<Net> network(Rng(3));
  CHECK(map(network.grads()).isZero(0));
  const Matrix<double> x = random_matrix<double>(6, 4, 1);
  const Labels y = kd::test::random_labels(4, 3, 2);
  auto tape = network.make_workspace(4, Mode::training);
  learn(network, tape, x, y);
  const Vector<double> once = map(network.grads());
  CHECK(once.norm() > 0);
  learn(network, tape, x, y);
  CHECK(map(network.grads()).isApprox(2 * once, 1e-14));
  network.zero_grad();
  learn(network, tape, x, y);
  CHECK(map(network.grads()) == once);
  network.zero_grad();
  CHECK(map(network.grads()).isZero(0));
}

TEST_CASE("gradients at hidden layers reach what lies below them alone", "[nn][network]") {
  InDouble<Net> network(Rng(3));
  const Matrix<double> x = random_matrix<double>(6, 4, 1);
  auto tape = network.make_workspace(4, Mode::training);
  const Matrix<double> dh = random_matrix<double>(4, 4, 5);
  const auto weighted_sum = [&](bool also_logits) {
    network.forward(view(x), tape);
    double sum = map(tape.value(3)).cwiseProduct(dh).sum();
    if (also_logits) sum += map(tape.logits()).sum();
    return sum;
  };
  for (const bool also_logits : {false, true}) {
    map(network.grads()).setConstant(99.);  // to be overwritten
    network.zero_grad();
    weighted_sum(also_logits);
    map(tape.grad(3)) += dh;
    if (also_logits) map(tape.grad(5)).array() += 1;
    network.backward(tape);
    const Vector<double> gradient = map(network.grads());
    kd::testing::CheckReport report;
    kd::testing::check_gradient(report, "gradient", network.params(), view(gradient),
                                [&] { return weighted_sum(also_logits); });
    INFO(report.message());
    CHECK(report.passed());
    CHECK(gradient.tail(15).isZero(0) == !also_logits);
  }
}

TEST_CASE("backward without a gradient leaves zeros", "[nn][network]") {
  InDouble<Net> network(Rng(3));
  const Matrix<double> x = random_matrix<double>(6, 4, 1);
  auto tape = network.make_workspace(4, Mode::training);
  map(network.grads()).setConstant(99.);
  network.zero_grad();
  network.forward(view(x), tape);
  network.backward(tape);
  CHECK(map(network.grads()).isZero(0));
}

TEST_CASE("predict takes matrices, blocks and maps", "[nn][network]") {
  const Network<Net> network(Rng(3));
  const Matrix<float> wide = random_matrix<float>(10, 700, 1);
  const Matrix<float> x = wide.middleRows(2, 6);
  const Matrix<float> expected = network.predict(x);
  REQUIRE(expected.rows() == 3);
  REQUIRE(expected.cols() == 700);
  const auto close = [&](const Matrix<float>& got, Index first) {
    return got.isApprox(expected.middleCols(first, got.cols()), 1e-5F);
  };
  CHECK(close(network.predict(wide.middleRows(2, 6)), 0));  // gaps between the columns
  CHECK(close(network.predict(x.middleCols(100, 300)), 100));
  CHECK(close(network.predict(x.col(5)), 5));
  const Eigen::Map<const Matrix<float>> mapped(x.data() + 6 * 256, 6, 257);
  CHECK(close(network.predict(mapped), 256));
  const Matrix<float> rows = x.transpose();
  CHECK(close(network.predict(rows.transpose()), 0));  // not as kd stores it: copied
  CHECK(network.predict(Matrix<float>(6, 0)).cols() == 0);
}

TEST_CASE("a sample's logits do not depend on the others", "[nn][network]") {
  const InDouble<Net> network(Rng(3));
  const Matrix<double> x = random_matrix<double>(6, 40, 1);
  const Matrix<double> together = network.predict(x);
  for (Index i = 0; i < x.cols(); ++i)
    CHECK(network.predict(x.col(i)).isApprox(together.col(i), 1e-13));
}

TEST_CASE("inputs that do not fit are refused", "[nn][network]") {
  const Network<Net> network(Rng(3));
  CHECK_THROWS_AS(network.predict(Matrix<float>::Zero(5, 2)), ShapeError);
  CHECK_THROWS_WITH(network.predict(Matrix<float>::Zero(5, 2)),
                    "Network::predict: expected 6 features a sample, as the model takes, got 5");
}

TEST_CASE("sizes of run time make the same network", "[nn][network]") {
  using Sized = Sequential<Linear<>, ReLU, Linear<>, ReLU, Linear<>>;
  const Network<Net> fixed(Rng(3));
  const Network<Sized> sized(Sized(Linear<>(6, 5), ReLU(), Linear<>(5, 4), ReLU(), Linear<>(4, 3)),
                             Rng(3));
  CHECK(map(sized.params()) == map(fixed.params()));
  const Matrix<float> x = random_matrix<float>(6, 5, 1);
  CHECK(sized.predict(x) == fixed.predict(x));
  STATIC_REQUIRE(Network<Sized>::static_classes == dynamic);
  STATIC_REQUIRE(Network<Net>::static_classes == 3);
  CHECK(sized.num_classes() == 3);
}

TEST_CASE("tensors are named and lie behind each other", "[nn][network]") {
  const Network<Net> network(Rng(3));
  const auto tensors = network.tensors();
  REQUIRE(tensors.size() == 6);
  CHECK(tensors[0].name == "layer 1 weight");
  CHECK(tensors[1].name == "layer 1 bias");
  CHECK(tensors[4].name == "layer 5 weight");
  CHECK(tensors[4].rows == 3);
  CHECK(tensors[4].cols == 4);
  Index offset = 0;
  for (const auto& tensor : tensors) {
    CHECK(tensor.offset == offset);
    offset += tensor.size();
  }
  CHECK(offset == network.num_params());
}

TEST_CASE("copies of a network are apart", "[nn][network]") {
  const Network<Net> network(Rng(3));
  Network<Net> copy = network;
  copy.params().data[0] += 1;
  CHECK(copy.params().data[0] != network.params().data[0]);
  copy = network;
  CHECK(map(copy.params()) == map(network.params()));
}
