// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/core/error.hpp"
#include "kd/graph/operation_of.hpp"
#include "kd/nn/describe.hpp"
#include "kd/nn/network.hpp"

namespace kd::graph {

/// One operation of a network. Tensors are counted as a tape counts layers: 0 is the input, i is
/// what node i gives, so that node i is `nodes[i - 1]`.
struct Node {
  Operation operation;
  kd::detail::Sources sources;
  Shape shape;       ///< of what it gives
  Index layer;       ///< which layer of the network it is, counted from 1
  std::string path;  ///< what files call that layer: "0", "2.branch.1"
  std::string text;  ///< the layer and its settings: "Linear(784, 20)"
};

/// A network as a list of operations, whatever its type is; what changes nothing in inference
/// (dropout) is not there.
struct Graph {
  Shape input;
  bool takes_image = false;  ///< it begins with an `Image`
  std::vector<Node> nodes = {};

  Index size() const { return static_cast<Index>(nodes.size()); }
  const Node& node(Index i) const { return nodes[static_cast<std::size_t>(i - 1)]; }
  /// Of tensor i.
  const Shape& shape(Index i) const { return i == 0 ? input : node(i).shape; }
  Index features(Index i) const { return shape(i).features(); }
  /// How many nodes take tensor i.
  Index consumers(Index i) const {
    Index count = 0;
    for (const Node& each : nodes)
      count += (each.sources.first == i) + (is_sum(each) && each.sources.second == i);
    return count;
  }
  static bool is_sum(const Node& node) { return std::holds_alternative<Add>(node.operation); }
};

// The names spell the sentence: layer<2>::of_type<Mine>::can_be_exported
template <Index I>
struct layer {
  template <class L>
  struct of_type {
    static constexpr bool can_be_exported =
        kd::detail::IdentityInInference<L> || requires(const L& each, const LayerNumbers& numbers) {
      { operation_of(each, numbers) } -> std::same_as<Operation>;
    };
  };
};

namespace detail {

template <Index I, class L>
constexpr bool check_exported() {
  static_assert(layer<I>::template of_type<L>::can_be_exported,
                "a layer that is exported needs an operation_of (see kd/graph/operation_of.hpp)");
  return layer<I>::template of_type<L>::can_be_exported;
}

/// All numbers of a network in float.
template <Real S>
std::vector<float> as_floats(VectorView<const S> numbers) {
  std::vector<float> all(static_cast<std::size_t>(numbers.size));
  for (Index i = 0; i < numbers.size; ++i)
    all[static_cast<std::size_t>(i)] = static_cast<float>(numbers.data[i]);
  return all;
}

}  // namespace detail

/// The operations of a network on the CPU, with its weights in float. A layer that has none does
/// not compile: `layer<2>::of_type<Mine>::can_be_exported`. Throws `ConfigError` when the network
/// was moved from or computes nothing, `DataError` when a weight is not finite.
template <class Architecture, Real S>
Graph make_graph(const Network<Architecture, cpu::Space, S>& network) {
  const auto& architecture = network.architecture();
  if (network.weights().size == 0 && network.num_params() > 0)
    throw ConfigError("export: the network was moved from and has no weights");
  const std::vector<float> params = detail::as_floats(network.params());
  const std::vector<float> statistics = detail::as_floats(network.statistics());
  for (const auto* numbers : {&params, &statistics})
    for (const float number : *numbers)
      if (!kd::detail::is_finite(static_cast<double>(number)))
        throw DataError("export: expected finite weights, got one that is not (in float)");
  const std::vector<std::string> paths = architecture.paths();
  const std::vector<std::string> texts = kd::detail::describe_layers(architecture);

  Graph graph{.input = architecture.shape(0), .takes_image = Architecture::takes_image};
  std::vector<Index> tensor(static_cast<std::size_t>(Architecture::depth) + 1, 0);
  const auto at = [&](Index i) -> Index& { return tensor[static_cast<std::size_t>(i)]; };
  const auto add = [&]<Index I>() {
    const auto& each = architecture.template layer<I>();
    using L = std::remove_cvref_t<decltype(each)>;
    constexpr kd::detail::Sources from = Architecture::sources(I);
    if constexpr (detail::check_exported<I, L>()) {
      if constexpr (kd::detail::IdentityInInference<L>) {
        at(I) = at(from.first);
      } else {
        const LayerNumbers numbers{
            std::span(params).subspan(static_cast<std::size_t>(architecture.offset(I)),
                                      static_cast<std::size_t>(each.num_params())),
            std::span(statistics)
                .subspan(static_cast<std::size_t>(architecture.statistics_offset(I)),
                         static_cast<std::size_t>(kd::detail::num_statistics(each)))};
        const auto nth = static_cast<std::size_t>(I - 1);
        graph.nodes.push_back({operation_of(each, numbers),
                               {at(from.first), at(from.second)},
                               architecture.shape(I),
                               I,
                               paths[nth],
                               texts[nth]});
        Node& node = graph.nodes.back();
        if (Graph::is_sum(node))  // counts the operations, of which there may be fewer than layers
          node.text = kd::detail::text("Add(", node.sources.first, ", ", node.sources.second, ')');
        at(I) = graph.size();
      }
    }
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (add.template operator()<static_cast<Index>(I) + 1>(), ...);
  }
  (std::make_index_sequence<static_cast<std::size_t>(Architecture::depth)>());
  if (graph.nodes.empty()) throw ConfigError("export: the network computes nothing");
  return graph;
}

}  // namespace kd::graph
