// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "kd/core/random.hpp"
#include "kd/data/dataset.hpp"
#include "kd/export/c_files.hpp"
#include "kd/export/c_float_activations.hpp"
#include "kd/export/c_float_conv.hpp"
#include "kd/export/c_float_layers.hpp"
#include "kd/graph/graph.hpp"
#include "kd/nn/fold.hpp"
#include "kd/train/evaluate.hpp"

namespace kd {

/// How a network is written as C.
struct CSourceOptions {
  /// Says how good it is, in the files, and gives the samples of the self test; without it those
  /// are random numbers and nothing is said.
  std::optional<Dataset> test = {};
  /// The numbers go to NAME_weights.h, so that another training changes that file alone.
  bool separate_weights = false;
};

namespace c_source {

inline constexpr Index self_test_samples = 8;

/// The first samples of the data set, or random numbers from 0 to 1.
inline Matrix<float> test_samples(const std::optional<Dataset>& test, Index features) {
  if (test) return test->slice(0, std::min(test->size(), self_test_samples)).inputs();
  Rng rng(0);
  Matrix<float> samples(features, self_test_samples);
  for (Index i = 0; i < samples.size(); ++i) samples.data()[i] = (rng.symmetric(1.F) + 1) / 2;
  return samples;
}

/// What a plan of memory asks: windows and products need what they take until they have given all.
inline std::vector<graph::Step> steps(const graph::Graph& graph) {
  std::vector<graph::Step> all;
  for (const graph::Node& node : graph.nodes) {
    const bool in_place = !(std::holds_alternative<graph::Linear>(node.operation) ||
                            std::holds_alternative<graph::Convolution>(node.operation) ||
                            std::holds_alternative<graph::MaxPool>(node.operation) ||
                            std::holds_alternative<graph::AveragePool>(node.operation));
    all.push_back({node.sources, node.shape.features(), in_place, graph::Graph::is_sum(node)});
  }
  return all;
}

/// Where tensor i lies, as C says it.
inline std::string place_of(const graph::MemoryPlan& plan, Index i) {
  if (plan.in_arena(i)) return plan.offset(i) == 0 ? "a" : detail::text("a + ", plan.offset(i));
  return plan.in_output(i) ? "out" : "in";
}

inline Program write_program(const std::string& name, const graph::Graph& graph,
                             const graph::MemoryPlan& plan) {
  Program program(name);
  for (Index i = 1; i <= graph.size(); ++i) {
    const graph::Node& node = graph.node(i);
    program.layer(node.text, node.shape.features());
    const Place place{detail::text("layer", i),
                      place_of(plan, node.sources.first),
                      place_of(plan, i),
                      place_of(plan, node.sources.second),
                      graph.features(node.sources.first),
                      node.shape.features()};
    std::visit([&](const auto& operation) { emit(program, operation, place); }, node.operation);
  }
  return program;
}

}  // namespace c_source

/// Writes a network as C99 that needs nothing else: `NAME.h`, `NAME.c` and, for programs, the sizes
/// as `NAME.json`, NAME being what `path` ends in.
///
///     kd::export_c(student, "build/student", {.test = test});
///
/// `student_run(in, out, arena)` computes the logits of one sample in float, which agree with
/// `predict` but for rounding; `STUDENT_ARENA_BYTES` is the memory that it needs. BatchNorm is
/// folded. With `STUDENT_SELF_TEST` defined, `student_self_test(arena)` runs recorded samples. A
/// layer that cannot be written does not compile: `layer<2>::of_type<Mine>::can_be_exported`.
/// Throws `ConfigError` when NAME is none in C or the network was moved from, `DataError` when a
/// weight is not finite, what `evaluate` throws, and `IoError`: then files that were there stay.
template <class Architecture, Real S>
void export_c(const Network<Architecture, cpu::Space, S>& network, const std::string& path,
              const CSourceOptions& options = {}) {
  const std::string name = c_source::name_of(path);
  const auto folded = fold(network);
  const graph::Graph graph = graph::make_graph(folded);
  const graph::MemoryPlan plan(c_source::steps(graph));
  c_source::Files<float> files{name, network.in_features(), network.num_classes(), plan.size(),
                               c_source::write_program(name, graph, plan)};
  if (options.test && options.test->has_labels()) {
    const Evaluation found = evaluate(network, *options.test);
    files.quality = {found.samples, found.accuracy, found.accuracy};
  }
  files.test_inputs = c_source::test_samples(options.test, files.inputs);
  files.test_outputs = network.predict(files.test_inputs.template cast<S>()).template cast<float>();
  c_source::write_files(files, path, options.separate_weights);
}

}  // namespace kd
