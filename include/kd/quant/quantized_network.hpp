// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kd/core/batch.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/model_fits.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/space.hpp"
#include "kd/graph/memory_plan.hpp"
#include "kd/quant/kernels.hpp"

namespace kd {

namespace quant {

/// One operation of a quantised network; tensors are counted as in a `graph::Graph`.
struct Node {
  Operation operation;
  kd::detail::Sources sources;
  Shape shape;
  Quantization quantization;  ///< of what it gives
  std::string text;           ///< the layers that it does
  std::string path;           ///< what files call the first of them
  /// The ReLU or ReLU6 that its clamp does.
  std::optional<graph::Activation::Kind> fused = {};
};

}  // namespace quant

/// A network of 8-bit integers, made by `quantize`. It computes with integers alone what the C that
/// `export_c` writes of it computes, bit for bit: weights with a scale for each channel,
/// activations with one for each tensor, sums of 32 bits.
///
/// It is a model for `evaluate` and a teacher: it takes floats and gives logits, the integers times
/// their scale. `run` takes and gives the integers themselves.
class QuantizedNetwork {
 public:
  using Scalar = float;
  using Space = cpu::Space;
  static constexpr Index static_classes = dynamic;

  /// Room for what up to so many samples become on their way.
  class Workspace {
   public:
    Workspace(Index capacity, Index in, Index out, Index arena)
        : inputs(static_cast<std::size_t>(capacity * in)),
          outputs(static_cast<std::size_t>(capacity * out)),
          arenas(static_cast<std::size_t>(capacity * arena)),
          logits(out, capacity) {}

    std::vector<std::int8_t> inputs;
    std::vector<std::int8_t> outputs;
    std::vector<std::int8_t> arenas;
    Matrix<float> logits;
  };

  QuantizedNetwork(Shape input, bool takes_image, quant::Quantization input_is,
                   std::vector<quant::Node> nodes)
      : input_(input),
        takes_image_(takes_image),
        input_is_(input_is),
        nodes_(std::move(nodes)),
        plan_(steps(nodes_)) {}

  const std::vector<quant::Node>& nodes() const { return nodes_; }
  const graph::MemoryPlan& memory() const { return plan_; }
  const Shape& input_shape() const { return input_; }
  bool takes_image() const { return takes_image_; }
  /// Of tensor i, 0 being the input.
  const quant::Quantization& quantization(Index i) const {
    return i == 0 ? input_is_ : node(i).quantization;
  }
  const quant::Quantization& input_quantization() const { return input_is_; }
  const quant::Quantization& output_quantization() const { return nodes_.back().quantization; }

  Space space() const { return {}; }
  Index in_features() const { return input_.features(); }
  Index num_classes() const { return nodes_.back().shape.features(); }
  Workspace make_workspace(Index capacity) const {
    return {capacity, in_features(), num_classes(), plan_.size()};
  }

  /// The integers that stand for samples: (in_features, samples).
  Matrix<std::int8_t> quantize_inputs(const MatrixRef<float>& inputs) const {
    return inputs.unaryExpr([this](float x) { return input_is_.quantise(x); });
  }

  /// The integers that the logits of samples are: (in_features, samples) -> (classes, samples).
  /// Throws `ShapeError` when the features are not as many as the network takes.
  Matrix<std::int8_t> run(const Matrix<std::int8_t>& inputs) const {
    detail::check_features("QuantizedNetwork::run", *this, inputs.rows(), inputs.cols());
    Matrix<std::int8_t> outputs(num_classes(), inputs.cols());
    std::vector<std::int8_t> arena(static_cast<std::size_t>(plan_.size()));
    for (Index b = 0; b < inputs.cols(); ++b)
      run_sample(inputs.col(b).data(), outputs.col(b).data(), arena.data());
    return outputs;
  }

  /// The logits of samples, one a column: (in_features, samples) -> (classes, samples). Throws
  /// `ShapeError` when the features are not as many as the network takes.
  Matrix<float> predict(const MatrixRef<float>& inputs) const {
    const Matrix<std::int8_t> outputs = run(quantize_inputs(inputs));
    return outputs.unaryExpr([this](std::int8_t q) { return output_quantization().dequantise(q); });
  }

  MatrixView<const float> logits(const Batch<float, Space>& batch, Workspace& workspace) const {
    const Index in = in_features();
    const Index out = num_classes();
    const double cost = 1e5;  // a sample is worth a thread
    parallel_for(batch.size(), cost, [&](Index b) {
      std::int8_t* const q = workspace.inputs.data() + b * in;
      std::int8_t* const y = workspace.outputs.data() + b * out;
      for (Index i = 0; i < in; ++i) q[i] = input_is_.quantise(batch.inputs.data[b * in + i]);
      run_sample(q, y, workspace.arenas.data() + b * plan_.size());
      for (Index i = 0; i < out; ++i)
        workspace.logits(i, b) = output_quantization().dequantise(y[i]);
    });
    return {workspace.logits.data(), out, batch.size()};
  }

 private:
  const quant::Node& node(Index i) const { return nodes_[static_cast<std::size_t>(i - 1)]; }

  static std::vector<graph::Step> steps(const std::vector<quant::Node>& nodes) {
    std::vector<graph::Step> all;
    for (const quant::Node& node : nodes) {
      const bool sums = std::holds_alternative<quant::Add>(node.operation);
      const bool in_place = sums || std::holds_alternative<quant::Table>(node.operation) ||
                            std::holds_alternative<quant::LayerNorm>(node.operation);
      all.push_back({node.sources, node.shape.features(), in_place, sums});
    }
    return all;
  }

  void run_sample(const std::int8_t* in, std::int8_t* out, std::int8_t* arena) const {
    const auto place = [&](Index i) -> std::int8_t* {
      return plan_.in_arena(i) ? arena + plan_.offset(i) : out;
    };
    for (Index i = 1; i <= static_cast<Index>(nodes_.size()); ++i) {
      const quant::Node& each = node(i);
      const auto [first, second] = each.sources;
      const quant::Tensors tensors{first == 0 ? in : place(first),
                                   quantization(first),
                                   second == 0 ? in : place(second),
                                   quantization(second),
                                   place(i),
                                   each.quantization,
                                   each.shape.features()};
      std::visit([&](const auto& operation) { quant::run(operation, tensors); }, each.operation);
    }
  }

  Shape input_;
  bool takes_image_;
  quant::Quantization input_is_;
  std::vector<quant::Node> nodes_;
  graph::MemoryPlan plan_;
};

}  // namespace kd
