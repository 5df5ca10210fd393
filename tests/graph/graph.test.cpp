// SPDX-License-Identifier: MIT
#include "kd/graph/graph.hpp"

#include "kd/nn/dropout.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/shake.hpp"

using namespace kd;

namespace {

template <class T>
const T& as(const graph::Graph& graph, Index i) {
  return std::get<T>(graph.node(i).operation);
}

}  // namespace

TEST_CASE("a network becomes its operations, with its weights", "[graph]") {
  using Net = Sequential<Linear<3, 4>, Dropout, LeakyReLU, LayerNorm<4>,
                         Residual<Sequential<Linear<4, 4>, BatchNorm>, Dropout>, Linear<4, 2>>;
  Network<Net, cpu::Space, double> network(Rng(1));
  kd::test::shake(network);
  const graph::Graph graph = graph::make_graph(network);
  REQUIRE(graph.size() == 7);
  CHECK(graph.input == Shape{3});
  CHECK_FALSE(graph.takes_image);
  const auto& first = as<graph::Linear>(graph, 1);
  CHECK(first.weight[5] == static_cast<float>(network.layer<1>().weight()(1, 2)));
  CHECK(first.bias[3] == static_cast<float>(network.layer<1>().bias()(3)));
  CHECK(as<graph::Activation>(graph, 2).negative_slope == 0.01F);
  CHECK(graph.node(2).sources.first == 1);  // the dropout is not there
  CHECK(graph.node(2).layer == 3);
  CHECK(as<graph::LayerNorm>(graph, 3).eps == 1e-5F);
  const auto& norm = as<graph::BatchNorm>(graph, 5);
  CHECK(norm.mean[1] == static_cast<float>(network.statistics().data[1]));
  CHECK(norm.variance[0] == static_cast<float>(network.statistics().data[4]));
  CHECK(norm.area == 1);
  CHECK(graph.node(6).sources.first == 5);
  CHECK(graph.node(6).sources.second == 3);
  CHECK(graph.node(6).text == "Add(5, 3)");
  CHECK(graph.node(5).path == "4.branch.0.1");
  CHECK(graph.consumers(3) == 2);
  CHECK(graph.consumers(6) == 1);
  CHECK(graph.consumers(7) == 0);
}

TEST_CASE("layers of images become operations with all of their sizes", "[graph]") {
  using Net = Sequential<Image<4, 6, 6>, Conv2d<8, 3, Window{.stride = 2, .pad = 1}>,
                         DepthwiseConv2d<3, Window{.same = true}, false>, MaxPool2d<2>,
                         AvgPool2d<2, Window{.stride = 1, .same = true}>, GlobalAvgPool>;
  const Network<Net> network(Rng(1));
  const graph::Graph graph = graph::make_graph(network);
  CHECK(graph.takes_image);
  CHECK(graph.input == Shape{4, 6, 6});
  CHECK(as<graph::Convolution>(graph, 1).shape.stride == 2);
  CHECK(as<graph::Convolution>(graph, 1).weight.size() == 8 * 4 * 9);
  CHECK(as<graph::Convolution>(graph, 1).bias.size() == 8);
  CHECK(as<graph::Convolution>(graph, 2).shape.groups == 8);
  CHECK(as<graph::Convolution>(graph, 2).bias.empty());
  CHECK(as<graph::MaxPool>(graph, 3).shape.out == Shape{8, 1, 1});
  CHECK_FALSE(as<graph::AveragePool>(graph, 4).counts_border);
  CHECK(as<graph::AveragePool>(graph, 5).counts_border);
  CHECK(graph.features(5) == 8);
}

TEST_CASE("a network that cannot be exported says why", "[graph][errors]") {
  using Net = Sequential<Linear<3, 2>>;
  Network<Net> network(Rng(1));
  network.layer<1>().weight()(1, 1) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(graph::make_graph(network), DataError);
  const Network<Net> taken = std::move(network);
  CHECK_THROWS_AS(graph::make_graph(network), ConfigError);
  const Network<Sequential<Image<1, 2, 2>, Dropout>> nothing(Rng(1));
  CHECK_THROWS_AS(graph::make_graph(nothing), ConfigError);
  // What a double holds and a float does not.
  Network<Net, cpu::Space, double> wide(Rng(1));
  wide.layer<1>().bias()(0) = 1e300;
  CHECK_THROWS_AS(graph::make_graph(wide), DataError);
}
