// SPDX-License-Identifier: MIT
#include "kd/nn/dropout.hpp"

#include <cmath>

#include "kd/nn/linear.hpp"
#include "kd/nn/network.hpp"
#include "kd/testing/check_layer.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/run_layer.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::golden;

namespace {

Matrix<float> masked_ones(double p, Rng rng, Index features = 1000, Index batch = 200) {
  const Matrix<float> ones = Matrix<float>::Ones(features, batch);
  return kd::test::run_forward<float>(Dropout(p), {}, ones, rng).y;
}

}  // namespace

TEST_CASE("Dropout passes the checks of a layer", "[nn][dropout]") {
  for (const double p : {0., 0.2, 0.5, 0.9}) {
    const auto report = kd::testing::check_layer(Dropout(p), {.batch = 6, .features = 30});
    INFO("p " << p << ": " << report.message());
    CHECK(report.passed());
  }
}

TEST_CASE("Dropout takes p in [0, 1), 0.5 unless told", "[nn][dropout]") {
  CHECK(Dropout().p() == 0.5);
  CHECK_THROWS_WITH(Dropout(1), "Dropout: p must be in [0, 1), got 1");
  CHECK_THROWS_AS(Dropout(-0.1), ConfigError);
  CHECK_THROWS_AS(Dropout(std::nan("")), ConfigError);
}

TEST_CASE("Dropout drops with probability p and keeps the mean", "[nn][dropout]") {
  for (const double p : {0.1, 0.5, 0.8}) {
    const Matrix<float> y = masked_ones(p, Rng(4));
    const auto n = static_cast<double>(y.size());
    const auto dropped = static_cast<double>((y.array() == 0).count());
    const double sigma = std::sqrt(p * (1 - p) / n);
    INFO("p " << p);
    CHECK_THAT(dropped / n, WithinAbs(p, 5 * sigma));
    CHECK_THAT(y.cast<double>().mean(), WithinAbs(1, 5 * sigma / (1 - p)));
    const auto kept = static_cast<float>(1 / (1 - p));
    CHECK(((y.array() == 0) || (y.array() == kept)).all());
    // Neighbours in a column and in a row are independent: both are dropped with p^2.
    const auto zero = (y.array() == 0).cast<double>().eval();
    const double below = (zero.topRows(999) * zero.bottomRows(999)).mean();
    const double beside = (zero.leftCols(199) * zero.rightCols(199)).mean();
    CHECK_THAT(below, WithinAbs(p * p, 10 * sigma));
    CHECK_THAT(beside, WithinAbs(p * p, 10 * sigma));
  }
}

TEST_CASE("a mask depends on its generator alone", "[nn][dropout]") {
  const Matrix<float> first = masked_ones(0.5, Rng(1));
  CHECK(masked_ones(0.5, Rng(1)) == first);
  CHECK(masked_ones(0.5, Rng(2)) != first);
  CHECK(masked_ones(0.5, Rng(1).stream(1)) != first);
  const kd::test::Threads use(2);
  CHECK(masked_ones(0.5, Rng(1)) == first);
}

TEST_CASE("two Dropout layers of a network draw different masks", "[nn][dropout]") {
  using Net = Sequential<Dropout, Dropout, Linear<500, 1>>;
  const Network<Net> network(Rng(0));
  auto tape = network.make_workspace(1, Mode::training);
  const Matrix<float> ones = Matrix<float>::Ones(500, 1);
  network.forward(view(ones), tape, Rng(9));
  const Matrix<float> first = map(tape.cache(1));
  const Matrix<float> second = map(tape.cache(2));
  CHECK(first != second);
  network.forward(view(ones), tape, Rng(10));
  CHECK(map(tape.cache(1)) != first);
  network.forward(view(ones), tape, Rng(9));
  CHECK(map(tape.cache(1)) == first);
}

TEST_CASE("Dropout is off in inference and costs no memory there", "[nn][dropout]") {
  using Net = Sequential<Linear<4, 3>, Dropout>;
  const Network<Net> network(Rng(0));
  auto tape = network.make_workspace(2);
  const Matrix<float> x = Matrix<float>::Ones(4, 2);
  const auto logits = network.forward(view(x), tape);
  CHECK(logits.data == tape.value(1).data);
  CHECK(tape.cache(2).empty());
}

TEST_CASE("with PyTorch's mask Dropout gives what PyTorch gives", "[nn][dropout]") {
  const Matrix<double> x = golden("dropout/x");
  for (const auto& [name, p] : {std::pair("p50", 0.5), std::pair("p20", 0.2)}) {
    const std::string prefix = std::string("dropout/") + name;
    kd::test::LayerRun<double> run;
    run.cache = golden<std::uint8_t>(prefix + "_mask").cast<double>() / (1 - p);
    run.y = x.cwiseProduct(run.cache);
    CHECK(kd::test::relative_distance(run.y, golden(prefix + "_y"), 1e-3) < 1e-15);
    kd::test::run_backward<double>(Dropout(p), {}, x, golden("dropout/dy"), run);
    CHECK(kd::test::relative_distance(run.dx, golden(prefix + "_dx"), 1e-3) < 1e-15);
  }
}
