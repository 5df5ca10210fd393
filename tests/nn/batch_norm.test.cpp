// SPDX-License-Identifier: MIT
#include "kd/nn/batch_norm.hpp"

#include <limits>
#include <string>

#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/network.hpp"
#include "kd/testing/check_layer.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

/// A network of one layer, in training: what it gives and leaves behind.
template <class S>
struct Step {
  Matrix<S> y;
  Vector<S> grads;
  Vector<S> statistics;
  Matrix<S> inference;
};

template <class S, class Architecture>
Step<S> train_once(const Architecture& architecture, const Vector<S>& params, const Matrix<S>& x,
                   const Matrix<S>& dy) {
  Network<Architecture, cpu::Space, S> network(architecture, Rng(1));
  map(network.params()) = params;
  auto tape = network.make_workspace(x.cols(), Mode::training);
  Step<S> step;
  step.y = map(network.forward(view(x), tape));
  map(tape.grad(tape.depth())) = dy;
  network.backward(tape);
  step.grads = map(network.grads());
  step.statistics = map(network.statistics());
  step.inference = network.predict(x);
  return step;
}

template <class S, class Architecture>
void check_golden(const std::string& name, const Architecture& architecture) {
  CAPTURE(name);
  const double tolerance = std::is_same_v<S, float> ? 1e-5 : 1e-12;
  const auto read = [&](const char* what) {
    return Matrix<S>(golden("batch_norm/" + name + "_" + what).template cast<S>());
  };
  const auto both = [&](const char* first, const char* second) {
    Vector<S> all(2 * read(first).size());
    all << read(first).reshaped(), read(second).reshaped();
    return all;
  };
  const Step<S> step = train_once(architecture, both("weight", "bias"), read("x"), read("dy"));
  CHECK(relative_distance(step.y, read("y"), 1) < tolerance);
  CHECK(relative_distance(step.grads, both("dweight", "dbias"), 1) < tolerance);
  CHECK(relative_distance(step.statistics, both("running_mean", "running_var"), 1) < tolerance);
  CHECK(relative_distance(step.inference, read("inference"), 1) < tolerance);

  BatchNorm layer = architecture.template layer<1>();
  auto bench = kd::testing::check_layer(layer, {.batch = 4});
  INFO(bench.message());
  CHECK(bench.passed());
}

using OfMaps = Sequential<Image<4, 3, 6>, BatchNorm>;
using OfFeatures = Sequential<Image<9, 1, 1>, BatchNorm>;

}  // namespace

TEMPLATE_TEST_CASE("BatchNorm gives what PyTorch gives", "[nn][batch_norm]", float, double) {
  check_golden<TestType>("maps", OfMaps());
  check_golden<TestType>("features",
                         OfFeatures(Image<9, 1, 1>(), BatchNorm({.momentum = 0.3, .eps = 1e-3})));
}

TEST_CASE("the gradient at a BatchNorm's inputs is PyTorch's", "[nn][batch_norm]") {
  // Behind a layer that adds what it learns to the inputs, whose gradient is theirs.
  BatchNorm layer;
  layer.bind({4, 3, 6});
  const Matrix<double> x = golden("batch_norm/maps_x");
  const Matrix<double> dy = golden("batch_norm/maps_dy");
  Vector<double> params(8), dparams(8), moments(8);
  params << golden("batch_norm/maps_weight").reshaped(), golden("batch_norm/maps_bias").reshaped();
  Matrix<double> y(x.rows(), x.cols()), dx(x.rows(), x.cols());
  const cpu::Space space;
  layer.forward(LayerForward<double, cpu::Space>{space,
                                                 Mode::training,
                                                 Rng(),
                                                 view(std::as_const(params)),
                                                 view(x),
                                                 view(y),
                                                 {},
                                                 {},
                                                 {},
                                                 view(moments)});
  layer.backward(LayerBackward<double, cpu::Space>{space,
                                                   view(std::as_const(params)),
                                                   view(x),
                                                   view(std::as_const(y)),
                                                   {},
                                                   view(dy),
                                                   view(dparams),
                                                   Write::overwrite,
                                                   view(dx),
                                                   Write::overwrite,
                                                   {},
                                                   Write::overwrite,
                                                   view(std::as_const(moments)),
                                                   {}});
  CHECK(relative_distance(dx, golden("batch_norm/maps_dx"), 1) < 1e-12);
}

TEST_CASE("a const network's running moments never change", "[nn][batch_norm]") {
  const Network<OfFeatures> network(Rng(1));
  const Vector<float> before = map(network.statistics());
  CHECK(before.head(9).isZero(0));
  CHECK(before.tail(9).isOnes(0));
  const Matrix<float> x = random_matrix<float>(9, 5, 1);
  auto tape = network.make_workspace(5, Mode::training);
  network.forward(view(x), tape);
  network.predict(x);
  CHECK(map(network.statistics()) == before);
}

TEST_CASE("a batch of one sample moves the mean alone", "[nn][batch_norm]") {
  const Matrix<double> x = random_matrix<double>(9, 1, 1);
  const Vector<double> params = Vector<double>::Ones(18);
  const auto step = train_once<double>(OfFeatures(), params, x, Matrix<double>::Ones(9, 1).eval());
  CHECK(step.y == Matrix<double>::Ones(9, 1));  // the bias
  CHECK(step.statistics.head(9).isApprox(0.1 * x, 1e-14));
  CHECK(step.statistics.tail(9).isOnes(0));
}

TEST_CASE("a batch that is not finite leaves the running moments alone", "[nn][batch_norm]") {
  Matrix<float> x = random_matrix<float>(9, 4, 1);
  x(2, 1) = std::numeric_limits<float>::infinity();
  x(3, 0) = std::numeric_limits<float>::quiet_NaN();
  x.row(4) << 3e38F, -3e38F, 3e38F, -3e38F;
  const Vector<float> params = Vector<float>::Ones(18);
  const auto step = train_once<float>(OfFeatures(), params, x, Matrix<float>::Ones(9, 4).eval());
  CHECK(step.statistics.allFinite());
  for (const Index feature : {2, 3, 4}) {
    CHECK(step.statistics(feature) == 0);
    CHECK(step.statistics(9 + feature) == 1);
  }
  CHECK(step.statistics(0) != 0);
}

TEST_CASE("a large mean costs a variance no digits", "[nn][batch_norm]") {
  Matrix<float> x = random_matrix<float>(9, 64, 1);
  const Vector<float> params = Vector<float>::Ones(18);
  const Matrix<float> dy = random_matrix<float>(9, 64, 2);
  const auto near = train_once<float>(OfFeatures(), params, x, dy);
  x.array() += 1024;
  x.array() -= 1024;  // what is left of them when the mean is added
  const auto rounded = train_once<float>(OfFeatures(), params, x, dy);
  x.array() += 1024;
  const auto far = train_once<float>(OfFeatures(), params, x, dy);
  CHECK(relative_distance(far.y, rounded.y, 1) < 1e-3);
  CHECK(relative_distance(far.grads, rounded.grads, 1) < 1e-3);
  CHECK(relative_distance(near.y, rounded.y, 1) < 1e-3);
}

TEST_CASE("BatchNorm gives the same on any number of threads", "[nn][batch_norm]") {
  const Matrix<float> x = random_matrix<float>(4 * 18, 40, 1);
  const Matrix<float> dy = random_matrix<float>(4 * 18, 40, 2);
  const Vector<float> params = Vector<float>::Ones(8);
  const auto one = train_once<float>(OfMaps(), params, x, dy);
  for (const int threads : {2, 3}) {
    const kd::test::Threads use(threads);
    const auto more = train_once<float>(OfMaps(), params, x, dy);
    CHECK(more.y == one.y);
    CHECK(more.grads == one.grads);
    CHECK(more.statistics == one.statistics);
  }
}

TEST_CASE("a BatchNorm's tensors and options", "[nn][batch_norm]") {
  const OfMaps net;
  CHECK(net.num_params() == 8);
  CHECK(net.num_statistics() == 8);
  const auto& layer = net.layer<1>();
  CHECK(layer.tensors()[0].name == "weight");
  CHECK(layer.tensors()[1].offset == 4);
  CHECK(layer.statistics()[0].name == "running_mean");
  CHECK(layer.statistics()[1].name == "running_var");
  CHECK(layer.describe() == "BatchNorm(4, momentum 0.1, eps 1e-05)");
  CHECK_THROWS_AS(BatchNorm({.momentum = 0}), ConfigError);
  CHECK_THROWS_AS(BatchNorm({.momentum = 1.5}), ConfigError);
  CHECK_THROWS_AS(BatchNorm({.eps = 0}), ConfigError);
  CHECK_THROWS_AS(BatchNorm({.eps = 1e-50}), ConfigError);  // which is 0 in float
}

TEST_CASE("a network that was moved from has no statistics", "[nn][batch_norm]") {
  Network<OfMaps> network(Rng(1));
  const Network<OfMaps> taken(std::move(network));
  CHECK(network.statistics().size == 0);
  CHECK(network.params().size == 0);
  CHECK(network.weights().size == 0);
  CHECK(taken.weights().size == 16);
}
