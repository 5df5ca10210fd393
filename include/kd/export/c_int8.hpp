// SPDX-License-Identifier: MIT
#pragma once

#include "kd/export/c_int8_conv.hpp"
#include "kd/export/c_int8_layers.hpp"
#include "kd/export/c_source.hpp"
#include "kd/quant/compare.hpp"
#include "kd/quant/quantized_network.hpp"

namespace kd {

namespace c_source {

inline Program write_program(const std::string& name, const QuantizedNetwork& network) {
  Program program(name);
  const graph::MemoryPlan& plan = network.memory();
  Index i = 0;
  for (const quant::Node& node : network.nodes()) {
    ++i;
    const auto [first, second] = node.sources;
    program.layer(node.text, node.shape.features());
    const Index in = first == 0
                         ? network.in_features()
                         : network.nodes()[static_cast<std::size_t>(first - 1)].shape.features();
    const QuantizedPlace place{{detail::text("layer", i), place_of(plan, first), place_of(plan, i),
                                place_of(plan, second), in, node.shape.features()},
                               network.quantization(first),
                               network.quantization(second),
                               node.quantization};
    std::visit([&](const auto& operation) { emit(program, operation, place); }, node.operation);
  }
  return program;
}

/// Whether a byte from 0 to 255, which stands for 0 to 1, is quantised by subtracting 128.
inline bool takes_bytes(const quant::Quantization& input) {
  for (int byte = 0; byte < 256; ++byte)
    if (input.quantise(static_cast<float>(byte) * Dataset::byte_scale) != byte - 128) return false;
  return true;
}

/// What integers stand for, for who wants to know.
inline std::string scale_macros(const std::string& name, const QuantizedNetwork& network) {
  const auto scales = [&](const char* of, const quant::Quantization& is) {
    const std::string macro = upper(name) + '_' + of;
    return detail::text("#define ", macro, "_SCALE ", literal(is.scale), "\n#define ", macro,
                        "_ZERO_POINT ", is.zero_point < 0 ? "(" : "", is.zero_point,
                        is.zero_point < 0 ? ")" : "", '\n');
  };
  std::string all = "/* An integer q stands for SCALE * (q - ZERO_POINT). */\n" +
                    scales("INPUT", network.input_quantization()) +
                    scales("OUTPUT", network.output_quantization());
  if (takes_bytes(network.input_quantization()))
    all += detail::text("/* The input for a byte from 0 to 255. */\n#define ", upper(name),
                        "_OF_BYTE(byte) ((int8_t)((byte) - 128))\n");
  return all;
}

/// The first samples of the data set, or any integers.
inline Matrix<std::int8_t> test_integers(const std::optional<Dataset>& test,
                                         const QuantizedNetwork& network) {
  if (test) return network.quantize_inputs(test_samples(test, network.in_features()));
  Rng rng(0);
  Matrix<std::int8_t> samples(network.in_features(), self_test_samples);
  for (Index i = 0; i < samples.size(); ++i)
    samples.data()[i] = static_cast<std::int8_t>(rng.below(256) - 128);
  return samples;
}

inline void export_quantized(const QuantizedNetwork& network, const std::string& path,
                             const CSourceOptions& options, const Quality& quality) {
  const std::string name = name_of(path);
  Files<std::int8_t> files{name, network.in_features(), network.num_classes(),
                           network.memory().size(), write_program(name, network)};
  files.macros = scale_macros(name, network);
  files.quality = quality;
  files.test_inputs = test_integers(options.test, network);
  files.test_outputs = network.run(files.test_inputs);
  write_files(files, path, options.separate_weights);
}

}  // namespace c_source

/// Writes a network of 8-bit integers as C99 that needs no floating-point number: the files are
/// those of a network in float, and what `NAME_run` gives is what `QuantizedNetwork::run` gives,
/// bit for bit.
///
///     const kd::QuantizedNetwork small = kd::quantize(student, train.slice(0, 500));
///     kd::export_c(small, "build/student", {.test = test});
///
/// Throws as for a network in float.
inline void export_c(const QuantizedNetwork& network, const std::string& path,
                     const CSourceOptions& options = {}) {
  c_source::Quality quality;
  if (options.test && options.test->has_labels()) {
    const Evaluation found = evaluate(network, *options.test);
    quality = {found.samples, found.accuracy};
  }
  c_source::export_quantized(network, path, options, quality);
}

/// The same, and with a test set the files say how it compares with the network it was made of.
template <class Architecture, Real S>
void export_c(const QuantizedNetwork& network, const Network<Architecture, cpu::Space, S>& original,
              const std::string& path, const CSourceOptions& options = {}) {
  c_source::Quality quality;
  if (options.test) {
    const QuantizationReport found = compare(network, original, *options.test);
    quality = {found.samples, found.accuracy, found.float_accuracy, found.largest_difference};
  }
  c_source::export_quantized(network, path, options, quality);
}

}  // namespace kd
