// SPDX-License-Identifier: MIT
#include "kd/nn/predictions.hpp"

#include <cmath>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/network.hpp"
#include "kd/nn/relu.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

using Net = Network<Sequential<Linear<6, 5>, Dropout, ReLU, Linear<5, 4>>>;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("a layer's weights are maps in PyTorch's shapes", "[nn][layer_weights]") {
  Net network(Rng(1));
  const Net& frozen = network;
  const auto weight = frozen.layer<1>().weight();
  const auto bias = frozen.layer<1>().bias();
  REQUIRE(weight.rows() == 5);
  REQUIRE(weight.cols() == 6);
  REQUIRE(bias.size() == 5);
  const Matrix<float> x = random_matrix<float>(6, 3, 2);
  const Matrix<float> hidden = ((weight * x).colwise() + bias).cwiseMax(0);
  const Matrix<float> logits =
      (frozen.layer<4>().weight() * hidden).colwise() + frozen.layer<4>().bias();
  CHECK(frozen.predict(x).isApprox(logits, 1e-5F));
  CHECK(weight.data() == frozen.params().data);
  CHECK(weight(0, 1) == frozen.params().data[1]);

  // What is written is what the network has.
  network.layer<4>().weight().setZero();
  network.layer<4>().bias() << 1, 2, 3, 4;
  CHECK(network.predict(x).col(2) == Vector<float>{{1, 2, 3, 4}});

  Net moved = std::move(network);
  CHECK_THROWS_AS(network.layer<1>(), ConfigError);  // NOLINT: that it says so is the point
  CHECK_NOTHROW(moved.layer<1>());
}

TEST_CASE("predictions into a workspace are those without one", "[nn][predictions]") {
  const Net network(Rng(1));
  const Matrix<float> x = random_matrix<float>(6, 20, 2);
  const Matrix<float> expected = network.predict(x);
  auto workspace = network.make_workspace(20);
  CHECK(network.predict(x, workspace) == expected);
  CHECK(network.predict(x.middleCols(3, 7), workspace).isApprox(expected.middleCols(3, 7), 1e-5F));
  const Vector<float> one = x.col(5);
  REQUIRE(network.predict(one, workspace).cols() == 1);
  CHECK(network.predict(one, workspace).isApprox(expected.col(5), 1e-5F));
  const Matrix<float> wide = random_matrix<float>(8, 3, 3);
  CHECK(network.predict(wide.col(1).head(6), workspace).cols() == 1);
  CHECK(network.predict(x.leftCols(0), workspace).cols() == 0);

  CHECK_THROWS_WITH(network.predict(wide.topRows(6), workspace),
                    "Network::predict: expected columns without gaps, got 6 features every 8 "
                    "numbers: copy them, or predict without a workspace");
  CHECK_THROWS_AS(network.predict(wide, workspace), ShapeError);
  auto small = network.make_workspace(2);
  CHECK_THROWS_AS(network.predict(x, small), ShapeError);
  auto training = network.make_workspace(20, Mode::training);
  CHECK_THROWS_WITH(
      network.predict(x, training),
      "Network::predict: expected a workspace for inference, got one for Mode::training");
}

TEST_CASE("predictions into a workspace allocate nothing", "[nn][predictions]") {
  if (!test::counts_allocations()) return;
  const Net network(Rng(1));
  const Matrix<float> x = random_matrix<float>(6, 20, 2);
  const Vector<float> one = x.col(5);
  auto workspace = network.make_workspace(20);
  float sum = network.predict(x, workspace).sum() + network.predict(one, workspace).sum();
  const Index before = test::allocations();
  for (int i = 0; i < 3; ++i) {
    sum += network.predict(x, workspace).sum();
    sum += network.predict(x.middleCols(2, 9), workspace).sum();
    sum += network.predict(one, workspace)(0);
    sum += network.predict(x.col(3), workspace)(0);
  }
  CHECK(test::allocations() == before);
  CHECK(std::isfinite(sum));
}

TEST_CASE("a prediction of few samples allocates its result alone", "[nn][predictions]") {
  if (!test::counts_allocations()) return;
  const Net network(Rng(1));
  const Matrix<float> x = random_matrix<float>(6, 20, 2);
  const Matrix<float> expected = network.predict(x);
  const Index before = test::allocations();
  float sum = 0;
  for (int i = 0; i < 3; ++i) {
    sum += network.predict(x).sum();
    sum += network.predict(x.col(3))(0);
    sum += network.predict(x.middleCols(2, 9))(0);
  }
  CHECK(test::allocations() == before + 9);
  CHECK(std::isfinite(sum));
  CHECK(network.predict(x) == expected);
}

TEST_CASE("a prediction does not take the room of a network of other sizes", "[nn][predictions]") {
  using Sized = Network<Sequential<Linear<dynamic, dynamic>, ReLU, Linear<dynamic, dynamic>>>;
  const auto sized = [](Index hidden) {
    return Sized(Sized::Architecture(Linear<dynamic, dynamic>(6, hidden), ReLU(),
                                     Linear<dynamic, dynamic>(hidden, 4)),
                 Rng(1));
  };
  const Sized narrow = sized(3);
  const Sized wide = sized(50);
  const Matrix<float> x = random_matrix<float>(6, 8, 2);
  auto narrow_room = narrow.make_workspace(8);
  auto wide_room = wide.make_workspace(8);
  for (int i = 0; i < 2; ++i) {
    CHECK(narrow.predict(x) == narrow.predict(x, narrow_room));
    CHECK(wide.predict(x) == wide.predict(x, wide_room));
  }
  // A network that was moved from finds no room either.
  Sized moved = sized(3);
  const Sized taken = std::move(moved);
  CHECK(taken.predict(x) == narrow.predict(x));
  CHECK_THROWS_AS(moved.predict(x), ConfigError);  // NOLINT: that it says so is the point
}

TEST_CASE("threads predict with one network", "[nn][predictions]") {
  const Net network(Rng(1));
  const Matrix<float> x = random_matrix<float>(6, 64, 2);
  const Matrix<float> expected = network.predict(x);
  std::vector<int> good(3, 0);
  std::vector<std::thread> threads;
  for (int& count : good)
    threads.emplace_back([&network, &x, &expected, &count] {
      auto workspace = network.make_workspace(x.cols());
      for (int i = 0; i < 50; ++i)
        if (network.predict(x, workspace) == expected) ++count;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(good == std::vector<int>{50, 50, 50});
}

TEST_CASE("softmax gives probabilities", "[nn][predictions]") {
  Matrix<double> z(3, 2);
  z << 1, 1000, 2, 1001, 4, 1003;
  const Matrix<double> p = softmax(z);
  const double sum = 1 + std::exp(1.) + std::exp(3.);
  CHECK_THAT(p(0, 0), WithinRel(1 / sum, 1e-14));
  CHECK_THAT(p(2, 0), WithinRel(std::exp(3.) / sum, 1e-14));
  CHECK(p.col(0).isApprox(p.col(1), 1e-14));
  CHECK(softmax(z, 2).isApprox(softmax(Matrix<double>(z / 2)), 1e-14));
  CHECK(softmax(z, 1e18).isApproxToConstant(1. / 3, 1e-12));
  const Matrix<float> sure = softmax(Vector<float>{{0, -infinity, 0}});  // of one sample
  CHECK(sure == Matrix<float>(Vector<float>{{0.5F, 0, 0.5F}}));
  CHECK(softmax(Matrix<float>(3, 0)).cols() == 0);

  CHECK_THROWS_WITH(softmax(z, 0), "softmax: temperature must be positive and finite, got 0");
  CHECK_THROWS_AS(softmax(z, -1), ConfigError);
  CHECK_THROWS_AS(softmax(Matrix<float>(0, 2)), ShapeError);
  CHECK_THROWS_AS(softmax(Vector<float>{{-infinity, -infinity}}), DataError);
}

TEST_CASE("classes are those of the largest logits", "[nn][predictions]") {
  Matrix<float> z(4, 3);
  z << 1, 5, 2,  //
      3, 5, 2,   //
      2, 1, -infinity, 0, 7, 2;
  CHECK(classify(z) == Labels{{1, 3, 0}});
  CHECK(classify(z.col(1)) == Labels{{3}});
  const TopClasses<float> top = top_k(z, 3);
  Matrix<Label> classes(3, 3);
  classes << 1, 3, 0,  //
      2, 0, 1,         //
      0, 1, 3;
  CHECK(top.classes == classes);
  CHECK(top.logits.col(1) == Vector<float>{{7, 5, 5}});
  CHECK(top_k(z, 4).classes.col(2) == Labels{{0, 1, 3, 2}});
  CHECK(top_k(z, 1).classes.row(0) == classify(z).transpose());

  CHECK_THROWS_WITH(top_k(z, 0), "top_k: k must be from 1 to 4, got 0");
  CHECK_THROWS_AS(top_k(z, 5), ConfigError);
  CHECK_THROWS_AS(classify(Matrix<float>(0, 1)), ShapeError);
  for (const float bad : {nan_value, infinity}) {
    z(2, 1) = bad;
    CHECK_THROWS_WITH(classify(z), StartsWith("classify: expected finite logits, got ") &&
                                       ContainsSubstring(" for sample 1"));
    CHECK_THROWS_AS(softmax(z), DataError);
    CHECK_THROWS_AS(top_k(z, 2), DataError);
  }
}
