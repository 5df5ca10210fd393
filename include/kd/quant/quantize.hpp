// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/fold.hpp"
#include "kd/quant/quantize_layers.hpp"
#include "kd/quant/quantized_network.hpp"

namespace kd {

namespace quant {

/// The ReLU or ReLU6 that alone takes what node `i` gives, where that is a product or a sum.
inline std::optional<graph::Activation::Kind> relu_behind(const graph::Graph& graph, Index i) {
  using Kind = graph::Activation::Kind;
  const graph::Operation& operation = graph.node(i).operation;
  if (std::holds_alternative<graph::MaxPool>(operation) ||
      std::holds_alternative<graph::AveragePool>(operation) ||
      std::holds_alternative<graph::LayerNorm>(operation) ||
      std::holds_alternative<graph::Activation>(operation))
    return {};
  if (i == graph.size() || graph.consumers(i) != 1) return {};
  const graph::Node& next = graph.node(i + 1);
  const auto* activation = std::get_if<graph::Activation>(&next.operation);
  if (activation == nullptr || next.sources.first != i) return {};
  if (activation->kind != Kind::relu && activation->kind != Kind::relu6) return {};
  return activation->kind;
}

/// The scales of each node's weights, by tensor; where there is none they follow from the weights.
using WeightScales = std::vector<std::vector<float>>;

/// The network of integers, given what its tensors held.
inline QuantizedNetwork quantize_graph(const graph::Graph& graph,
                                       const std::vector<Observed>& observed, bool correct_bias,
                                       const WeightScales& weight_scales = {}) {
  const auto seen = [&](Index i) -> const Observed& {
    return observed[static_cast<std::size_t>(i)];
  };
  const std::vector<double> nothing;
  const std::vector<float> none;
  const Quantization input = quantization_of(seen(0).range);
  std::vector<Node> nodes;
  std::vector<Index> tensor{0};  // of each of the graph's
  const auto is = [&](Index i) {
    const Index at = tensor[static_cast<std::size_t>(i)];
    return at == 0 ? input : nodes[static_cast<std::size_t>(at - 1)].quantization;
  };
  for (Index i = 1; i <= graph.size(); ++i) {
    const graph::Node& node = graph.node(i);
    const auto fused = relu_behind(graph, i);
    const Index gives = fused ? i + 1 : i;
    const auto [first, second] = node.sources;
    const Context context{
        is(first),
        is(second),
        correct_bias ? seen(first).mean : nothing,
        graph.shape(first),
        seen(gives).range,
        fused,
        weight_scales.empty() ? none : weight_scales[static_cast<std::size_t>(i)]};
    auto [operation, y] =
        std::visit([&](const auto& real) { return quantize(real, context); }, node.operation);
    const auto at = [&](Index source) { return tensor[static_cast<std::size_t>(source)]; };
    std::string text = node.text;
    if (graph::Graph::is_sum(node))
      text = kd::detail::text("Add(", at(first), ", ", at(second), ')');
    if (fused) text += ", " + graph.node(gives).text;
    nodes.push_back({std::move(operation),
                     {at(first), at(second)},
                     node.shape,
                     y,
                     std::move(text),
                     node.path,
                     fused});
    for (Index k = i; k <= gives; ++k) tensor.push_back(static_cast<Index>(nodes.size()));
    i = gives;
  }
  return QuantizedNetwork(graph.input, graph.takes_image, input, std::move(nodes));
}

}  // namespace quant

/// Makes a network of 8-bit integers of a trained one: each output channel of weights has a scale
/// of its own, and each tensor one that follows from what it holds over the samples of `data`, some
/// hundred of the training set.
///
///     const kd::QuantizedNetwork small = kd::quantize(student, train.slice(0, 500));
///     std::cout << kd::evaluate(small, test).accuracy;
///
/// BatchNorm is folded, and a ReLU or ReLU6 behind a product or a sum is done by it; other
/// functions of one number are tables. A layer that cannot be written does not compile. Sums of 32
/// bits cannot overflow: where they could, a scale is larger. Throws `ConfigError` when an option
/// is out of its range or the network was moved from, `ShapeError` when the samples do not fit,
/// `DataError` when a weight or what a layer gives is not finite. Source: Jacob et al.,
/// "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
/// CVPR 2018.
template <class Architecture, Real S>
QuantizedNetwork quantize(const Network<Architecture, cpu::Space, S>& network, const Dataset& data,
                          const CalibrationOptions& options = {}) {
  const auto folded = fold(network);
  const graph::Graph graph = graph::make_graph(folded);
  return quant::quantize_graph(graph, quant::calibrate(folded, graph, data, options),
                               options.correct_bias);
}

}  // namespace kd
