// SPDX-License-Identifier: MIT
//
// Exports networks into a folder: write_exported FOLDER. read_exported.py runs them elsewhere.

#include <exception>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "common/mlperf_tiny.hpp"
#include "kd/distill.hpp"
#include "kd/export.hpp"
#include "kd/io/npy.hpp"
#include "kd/io/save.hpp"
#include "support/exported_networks.hpp"
#include "support/integer_network.hpp"

namespace {

using nlohmann::json;

using Article =
    kd::Sequential<kd::Linear<784, 20>, kd::ReLU, kd::Linear<20, 20>, kd::ReLU, kd::Linear<20, 10>>;

json of(const kd::ConvShape& s) {
  return {{"in", {s.in.channels, s.in.height, s.in.width}},
          {"out", {s.out.channels, s.out.height, s.out.width}},
          {"kernel", {s.height, s.width}},
          {"stride", s.stride},
          {"begin", {s.top, s.left}},
          {"groups", s.groups}};
}

json of(const kd::quant::Quantization& is) {
  return {{"scale", is.scale}, {"zero_point", is.zero_point}};
}

void add(json& node, const kd::quant::Weights& w) {
  node["weight"] = w.weight;
  node["bias"] = w.bias;
  node["scales"] = w.scales;
}

// What each operation is, in numbers.
void write(json& node, const kd::quant::Linear& linear) {
  node["op"] = "linear";
  add(node, linear.weights);
}
void write(json& node, const kd::quant::Convolution& conv) {
  node["op"] = "conv";
  node["window"] = of(conv.shape);
  add(node, conv.weights);
}
void write(json& node, const kd::quant::MaxPool& pool) {
  node["op"] = "max_pool";
  node["window"] = of(pool.shape);
}
void write(json& node, const kd::quant::AveragePool& pool) {
  node["op"] = "average_pool";
  node["window"] = of(pool.shape);
  node["counts_border"] = pool.counts_border;
}
void write(json& node, const kd::quant::Add&) { node["op"] = "add"; }
void write(json& node, const kd::quant::Table& table) {
  constexpr const char* names[] = {"relu", "relu6", "leaky_relu", "hard_swish",
                                   "gelu", "silu",  "tanh",       "sigmoid"};
  node["op"] = names[static_cast<int>(table.activation.kind)];
  node["negative_slope"] = table.activation.negative_slope;
  node["table"] = table.values;
}
void write(json& node, const kd::quant::LayerNorm&) { node["op"] = "layer_norm"; }

json of(const kd::QuantizedNetwork& network) {
  const kd::Shape& in = network.input_shape();
  json nodes = json::array();
  for (const kd::quant::Node& each : network.nodes()) {
    json node{{"sources", {each.sources.first, each.sources.second}},
              {"shape", {each.shape.channels, each.shape.height, each.shape.width}},
              {"is", of(each.quantization)},
              {"relu", !each.fused                                       ? 0
                       : each.fused == kd::graph::Activation::Kind::relu ? 1
                                                                         : 6}};
    std::visit([&](const auto& operation) { write(node, operation); }, each.operation);
    nodes.push_back(std::move(node));
  }
  return {{"shape", {in.channels, in.height, in.width}},
          {"is", of(network.input_quantization())},
          {"nodes", nodes}};
}

/// The integers of a network, of 8 bits or fewer.
template <class Net>
kd::QuantizedNetwork quantized_to(int bits, const kd::Network<Net>& network,
                                  const kd::Dataset& data) {
  if (bits == 8) return kd::quantize(network, data);
  return kd::quantize(kd::fake_quantize(network, data,
                                        {.weight_bits = bits,
                                         .activation_bits = bits,
                                         .outer_weight_bits = bits,
                                         .learned_scales = true}));
}

/// Samples, what the network says of them, in float and in integers, and the files of it.
template <class Net>
void write(const std::string& folder, const std::string& name, kd::Index count, int bits = 8) {
  const kd::Network<Net> network = kd::test::lively<Net>();
  const kd::Matrix<float> x = kd::test::random_matrix<float>(network.in_features(), count, 5);
  const std::string path = folder + name;
  const kd::QuantizedNetwork quantized = quantized_to(bits, network, kd::Dataset(x));
  kd::save_npy(x, path + "_x.npy");
  kd::save_npy(network.predict(x), path + "_y.npy");
  kd::export_c(network, path + "_float");
  kd::export_c(quantized, path + "_int8");
  kd::export_onnx(network, path + ".onnx");
  kd::export_onnx(quantized, path + "_int8.onnx");
  kd::save(network, path + ".safetensors");
  kd::save_npy(quantized.predict(x), path + "_dy.npy");
  // What every layer gives for the first samples: the network up to there.
  const kd::Matrix<std::int8_t> few = quantized.quantize_inputs(x.leftCols(8));
  kd::save_npy(few, path + "_layer0.npy");
  for (std::size_t i = 1; i <= quantized.nodes().size(); ++i) {
    const kd::QuantizedNetwork beginning(
        quantized.input_shape(), quantized.takes_image(), quantized.input_quantization(),
        {quantized.nodes().begin(), quantized.nodes().begin() + static_cast<kd::Index>(i)});
    kd::save_npy(beginning.run(few), path + "_layer" + std::to_string(i) + ".npy");
  }
  kd::Matrix<std::int8_t> q = quantized.quantize_inputs(x);
  for (kd::Index b = 0; b < count; b += 2)  // and any integers
    q.col(b) = (kd::test::random_matrix<float>(q.rows(), 1, 7 + static_cast<std::uint64_t>(b), 128)
                    .array()
                    .floor())
                   .matrix()
                   .cast<std::int8_t>();
  kd::save_npy(q, path + "_qx.npy");
  kd::save_npy(quantized.run(q), path + "_qy.npy");
  json described = of(quantized);
  described["bits"] = bits;
  std::ofstream(path + ".network") << described;
}

/// The one whose outputs are kept (tests/golden/tflite_micro).
void write_integers(const std::string& folder) {
  const kd::QuantizedNetwork network = kd::test::integer_network();
  const kd::Matrix<std::int8_t> x = kd::test::integer_samples(network.in_features(), 64);
  kd::save_npy(x, folder + "integers_qx.npy");
  kd::save_npy(network.run(x), folder + "integers_qy.npy");
  std::ofstream(folder + "integers.integers") << of(network);
}

void write(const std::string& folder) {
  write_integers(folder);
  write<Article>(folder, "article", 1000);
  write<kd::test::OfFeatures>(folder, "features", 300);
  write<kd::test::OfImages>(folder, "images", 1000);
  write<mlperf_tiny::ResNet8>(folder, "resnet8", 20);
  for (const int bits : {7, 4, 2}) {
    const std::string of_bits = std::to_string(bits) + "bit";
    write<kd::test::OfFeatures>(folder, "features_" + of_bits, 300, bits);
    write<kd::test::OfImages>(folder, "images_" + of_bits, 300, bits);
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 2) throw std::invalid_argument("write_exported FOLDER");
    write(std::string(arguments[1]) + '/');
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
