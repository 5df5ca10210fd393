// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "kd/export/onnx_int8_layers.hpp"
#include "kd/export/onnx_layers.hpp"
#include "kd/files/output_file.hpp"
#include "kd/graph/graph.hpp"
#include "kd/quant/quantized_network.hpp"

namespace kd {

namespace onnx {

/// Names of tensors, each as vectors or as maps, whichever is asked for.
class Tensors {
 public:
  Tensors(Model& model, std::string input, bool is_map) : model_(model) {
    add(std::move(input), is_map);
  }

  void add(std::string name, bool is_map) { all_.push_back({std::move(name), is_map}); }
  bool is_map(Index i) const { return all_[static_cast<std::size_t>(i)].is_map; }
  const std::string& name(Index i) const { return all_[static_cast<std::size_t>(i)].name; }

  /// Tensor i as (batch, features), or as (batch, channels, height, width).
  std::string as(Index i, const Shape& shape, bool map) {
    if (is_map(i) == map) return name(i);
    const std::string changed = name(i) + (map ? "/maps" : "/flat");
    for (const std::string& each : made_)
      if (each == changed) return changed;
    made_.push_back(changed);
    if (!map) return model_.node("Flatten", {name(i)}, changed, {{"axis", Index{1}}});
    const std::vector<std::int64_t> extents{-1, shape.channels, shape.height, shape.width};
    return model_.node("Reshape", {name(i), model_.constant(changed + "/shape", {4}, extents)},
                       changed);
  }

 private:
  struct Tensor {
    std::string name;
    bool is_map;
  };
  Model& model_;
  std::vector<Tensor> all_;
  std::vector<std::string> made_;  ///< by `as`
};

template <class Operation>
inline constexpr bool takes_vectors = false;
template <>
inline constexpr bool takes_vectors<graph::Linear> = true;
template <>
inline constexpr bool takes_vectors<graph::LayerNorm> = true;
template <>
inline constexpr bool takes_vectors<quant::Linear> = true;
template <>
inline constexpr bool takes_vectors<quant::LayerNorm> = true;

/// Whether an operation takes and gives maps, given what there is.
template <class Operation>
bool on_maps(const Operation& operation, bool there_are_maps) {
  if constexpr (takes_vectors<Operation>)
    return false;
  else if constexpr (requires { operation.shape; })
    return true;
  else
    return there_are_maps;
}

/// Writes the nodes of a graph in float or of integers; `write(node, place)` those of one.
template <class Nodes, class ShapeOf, class Write>
void write_nodes(Model& model, Tensors& tensors, const Nodes& nodes, const ShapeOf& shape_of,
                 const Write& write) {
  Index i = 0;
  for (const auto& node : nodes) {
    ++i;
    const Index first = node.sources.first;
    const Index second = node.sources.second;
    const bool map =
        std::visit([&](const auto& operation) { return on_maps(operation, tensors.is_map(first)); },
                   node.operation);
    const bool last = i == static_cast<Index>(nodes.size());
    const std::string y = last && !map ? std::string("logits") : detail::text("layer", i);
    const Place place{tensors.as(first, shape_of(first), map),
                      tensors.as(second, shape_of(second), map), y, node.path};
    write(node, place);
    tensors.add(y, map);
  }
  if (tensors.is_map(i)) model.node("Flatten", {tensors.name(i)}, "logits", {{"axis", Index{1}}});
}

inline std::vector<Index> input_extents(const Shape& shape, bool is_image) {
  if (!is_image) return {shape.features()};
  return {shape.channels, shape.height, shape.width};
}

inline std::string model_of(const graph::Graph& graph, const std::string& description) {
  Model model;
  Tensors tensors(model, "input", graph.takes_image);
  write_nodes(
      model, tensors, graph.nodes, [&](Index i) { return graph.shape(i); },
      [&](const graph::Node& node, const Place& place) {
        std::visit([&](const auto& operation) { emit(model, operation, place); }, node.operation);
      });
  return model.bytes(input_extents(graph.input, graph.takes_image), {graph.features(graph.size())},
                     description);
}

inline std::string model_of(const QuantizedNetwork& network) {
  Model model;
  rounded(model, "input", "input_rounded", network.input_quantization());
  Tensors tensors(model, "input_rounded", network.takes_image());
  const auto shape_of = [&](Index i) {
    return i == 0 ? network.input_shape() : network.nodes()[static_cast<std::size_t>(i - 1)].shape;
  };
  std::string description;
  write_nodes(
      model, tensors, network.nodes(), shape_of, [&](const quant::Node& node, const Place& place) {
        const QuantizedPlace at{place, network.quantization(node.sources.first), node.quantization,
                                node.fused};
        std::visit([&](const auto& operation) { emit(model, operation, at); }, node.operation);
        description += (description.empty() ? "" : ", ") + node.text;
      });
  return model.bytes(input_extents(network.input_shape(), network.takes_image()),
                     {network.num_classes()}, description);
}

}  // namespace onnx

/// Writes a network as an ONNX model in float, which other runtimes run:
///
///     kd::export_onnx(student, "student.onnx");
///
/// "input" is (batch, features), or (batch, channels, height, width) of images, "logits" (batch,
/// classes), for any batch. Weights have the names of `kd::save`. Operators are those of opset 13,
/// for old runtimes too. A layer that cannot be written does not compile. Throws `ConfigError` when
/// the network was moved from, `DataError` when a weight is not finite, `IoError` when the file
/// cannot be written; then an old one is as it was.
template <class Architecture, Real S>
void export_onnx(const Network<Architecture, cpu::Space, S>& network, const std::string& path) {
  OutputFile file(path);
  file.write(onnx::model_of(graph::make_graph(network), detail::describe(network.architecture())));
}

/// The same of a network of 8-bit integers: operators on reals between `QuantizeLinear` and
/// `DequantizeLinear`, which runtimes make integers of. They round differently, so that a logit may
/// be a step away.
inline void export_onnx(const QuantizedNetwork& network, const std::string& path) {
  OutputFile file(path);
  file.write(onnx::model_of(network));
}

}  // namespace kd
