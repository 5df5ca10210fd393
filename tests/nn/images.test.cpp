// SPDX-License-Identifier: MIT
#include "common/mlperf_tiny.hpp"
#include "kd/loss/cross_entropy.hpp"
#include "kd/nn/network.hpp"
#include "kd/optim/adam.hpp"
#include "kd/train/fit.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_labels;
using kd::test::golden_vector;
using kd::test::relative_distance;

namespace {

/// Parameters without those of BatchNorm, as the benchmark's tables count them.
template <class Architecture>
Index params_without_norms() {
  const Architecture architecture;
  return architecture.num_params() - architecture.num_statistics();
}

/// Twenty steps of Adam from PyTorch's initial weights, in double, and what PyTorch has then.
template <class Architecture>
void check_trajectory(const std::string& name) {
  CAPTURE(name);
  Network<Architecture, cpu::Space, double> network(Rng(1));
  map(network.params()) = golden_vector<float>("images/" + name + "_initial").cast<double>();
  const Dataset data(golden<std::uint8_t>("images/" + name + "_images"),
                     golden_labels("images/" + name + "_labels"));
  Vector<double> losses(20);
  FitOptions options{.epochs = 10, .batch_size = 4, .shuffle = false};
  Index step = 0;
  options.on_step = [&](const StepReport& report) { losses(step++) = report.loss; };
  fit(network, data, CrossEntropy{}, Adam{{.lr = 1e-3}}, options);
  CHECK(relative_distance(losses, golden_vector("images/" + name + "_losses"), 1e-3) < 1e-5);
  CHECK(relative_distance(map(network.params()),
                          golden_vector<float>("images/" + name + "_weights"), 1e-3) < 1e-4);
  CHECK(relative_distance(map(network.statistics()),
                          golden_vector<float>("images/" + name + "_statistics"), 1e-3) < 1e-4);
  const Matrix<double> x = golden<std::uint8_t>("images/" + name + "_images").cast<double>() / 255;
  CHECK(relative_distance(network.predict(x), golden("images/" + name + "_logits"), 1) < 1e-5);
}

}  // namespace

TEST_CASE("MLPerf Tiny's networks have the published numbers of parameters", "[nn][images]") {
  CHECK(params_without_norms<mlperf_tiny::ResNet8>() == 77706);
  CHECK(params_without_norms<mlperf_tiny::DsCnn>() == 22604);
  CHECK(params_without_norms<mlperf_tiny::MobileNet>() == 210850);
  CHECK(params_without_norms<mlperf_tiny::Autoencoder>() == 265864);
  CHECK(2 * mlperf_tiny::ResNet8().num_statistics() == 960);
  CHECK(2 * mlperf_tiny::DsCnn().num_statistics() == 2304);
  CHECK(2 * mlperf_tiny::MobileNet().num_statistics() == 10944);
  CHECK(2 * mlperf_tiny::Autoencoder().num_statistics() == 4128);
}

TEST_CASE("twenty steps of a ResNet-8 end where PyTorch's do", "[nn][images]") {
  check_trajectory<mlperf_tiny::ResNet8>("resnet8");
}

TEST_CASE("twenty steps of a DS-CNN end where PyTorch's do", "[nn][images]") {
  check_trajectory<mlperf_tiny::DsCnn>("ds_cnn");
}
