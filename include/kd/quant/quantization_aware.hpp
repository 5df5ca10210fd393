// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <type_traits>
#include <vector>

#include "kd/quant/fake_quantized.hpp"
#include "kd/quant/quantize.hpp"

namespace kd {

namespace detail {

/// Calls `f(layer, i, of_student)` for the layers of a fake-quantised architecture: which one it
/// is, and which of the folded student it stands for, 0 for a rounding; both counted from 1.
template <class Student, class F>
void for_each_pair(const FakeQuantized<Student>& architecture, F&& f) {
  Index i = 0;
  Index of_student = 0;
  architecture.for_each([&]<class L>(const L& layer) {
    ++i;
    f(layer, i, std::is_same_v<L, FakeQuantize> ? Index{0} : ++of_student);
  });
}

/// Calls `f(rounding, i, tensor)` for each rounding, layer i, and the tensor that it rounds of the
/// graph of the folded student.
template <class Student, class F>
void for_each_rounding(const FakeQuantized<Student>& architecture, const graph::Graph& graph,
                       F&& f) {
  std::vector<Index> tensor_of(static_cast<std::size_t>(architecture.depth) + 1, 0);
  Index tensor = 0;
  for_each_pair(architecture, [&]<class L>(const L& layer, Index i, Index of_student) {
    if constexpr (std::is_same_v<L, FakeQuantize>) {
      f(layer, i, tensor_of[static_cast<std::size_t>(architecture.sources(i).first)]);
    } else {
      if (tensor < graph.size() && graph.node(tensor + 1).layer == of_student) ++tensor;
      tensor_of[static_cast<std::size_t>(i)] = tensor;
    }
  });
}

/// What of a network's numbers belongs to layer i.
template <class Network>
auto params_of(Network& network, Index i) {
  const auto& layers = network.architecture();
  return network.params().slice(layers.offset(i), layers.offset(i + 1) - layers.offset(i));
}
template <class Network>
auto statistics_of(Network& network, Index i) {
  const auto& layers = network.architecture();
  const Index first = layers.statistics_offset(i);
  return network.statistics().slice(first, layers.statistics_offset(i + 1) - first);
}

template <Real S>
void copy_numbers(VectorView<const S> from, VectorView<S> to) {
  std::copy_n(from.data, std::min(from.size, to.size), to.data);  // scales may be on one side alone
}

}  // namespace detail

/// Makes of a trained student the network that learns to live with few bits; `data` are some
/// hundred samples of the training set, from which the first ranges follow.
///
///     auto aware = kd::fake_quantize(student, train.slice(0, 1000));
///     kd::Distiller distiller(teacher, aware, kd::SoftTargets{{.temperature = 3}});
///     distiller.fit(train, kd::Adam{{.lr = 4e-4}},
///                   {.epochs = 6, .on_step = kd::freeze_ranges_late(aware)});
///     kd::export_c(kd::quantize(aware), "student");
///
/// A tenth of the epochs that the student had, at a tenth of its rate, are a good beginning; below
/// 8 bits with `learned_scales`. Throws `ConfigError` when bits are not from 2 to 8, averaging is
/// not in (0, 1] or the network was moved from, `ShapeError` when the samples do not fit,
/// `DataError` when a weight or what a layer gives is not finite. A layer that has no integers does
/// not compile. Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient
/// Integer-Arithmetic-Only Inference", CVPR 2018.
template <class Student, Real S>
Network<FakeQuantized<Student>, cpu::Space, S> fake_quantize(
    const Network<Student, cpu::Space, S>& student, const Dataset& data,
    const FakeQuantizedOptions& options = {}) {
  const FakeQuantized<Student> architecture(student.architecture(), options);
  const auto folded = fold(student);
  const graph::Graph graph = graph::make_graph(folded);
  const auto observed = quant::calibrate(folded, graph, data);
  Network<FakeQuantized<Student>, cpu::Space, S> aware(architecture, Rng());
  detail::for_each_pair(architecture, [&](const auto& layer, Index i, Index of_student) {
    if (of_student == 0) return;
    const VectorView<S> params = detail::params_of(aware, i);
    detail::copy_numbers(detail::params_of(folded, of_student), params);
    detail::copy_numbers(detail::statistics_of(folded, of_student),
                         detail::statistics_of(aware, i));
    if constexpr (requires { layer.init_steps(params); }) layer.init_steps(params);
  });
  detail::for_each_rounding(
      architecture, graph, [&](const FakeQuantize& rounding, Index i, Index tensor) {
        const quant::Observed& seen = observed[static_cast<std::size_t>(tensor)];
        if (rounding.options().fixed) return;
        if (rounding.options().learned)
          detail::params_of(aware, i).data[0] =
              static_cast<S>(detail::first_scale(seen.magnitude, rounding.largest()));
        else
          rounding.set_range(detail::statistics_of(aware, i), seen.range);
      });
  return aware;
}

/// Makes a network of integers of a fake-quantised one, with the ranges and scales that it has
/// learned; no data are looked at. What the integers stand for is what the network gives, but for
/// the rounding of sums, which may put a number on the next step. Throws `ConfigError` when the
/// network was moved from, `DataError` when a weight is not finite.
template <class Student, Real S>
QuantizedNetwork quantize(const Network<FakeQuantized<Student>, cpu::Space, S>& aware) {
  const FakeQuantized<Student>& architecture = aware.architecture();
  if (aware.weights().size == 0)
    throw ConfigError("quantize: the network was moved from and has no weights");
  Network<typename FakeQuantized<Student>::Folded, cpu::Space, S> folded(architecture.folded(),
                                                                         Rng());
  std::vector<std::vector<float>> scales(static_cast<std::size_t>(folded.architecture().depth) +
                                         1);  // of layers
  detail::for_each_pair(architecture, [&](const auto& layer, Index i, Index of_student) {
    if (of_student == 0) return;
    VectorView<const S> params = detail::params_of(aware, i);
    if constexpr (requires { layer.scales(params); }) {
      const auto of_channels = layer.scales(params);
      for (Index c = 0; c < of_channels.size; ++c)
        scales[static_cast<std::size_t>(of_student)].push_back(
            static_cast<float>(of_channels.data[c]) / static_cast<float>(layer.multiple()));
      params = layer.rounded(aware.space(), params);
    }
    detail::copy_numbers(params, detail::params_of(folded, of_student));
    detail::copy_numbers(detail::statistics_of(aware, i),
                         detail::statistics_of(folded, of_student));
  });
  const graph::Graph graph = graph::make_graph(folded);
  const auto tensors = static_cast<std::size_t>(graph.size()) + 1;
  std::vector<quant::Observed> observed(tensors);
  quant::WeightScales of_nodes(tensors);
  for (Index i = 1; i <= graph.size(); ++i)
    of_nodes[static_cast<std::size_t>(i)] = scales[static_cast<std::size_t>(graph.node(i).layer)];
  detail::for_each_rounding(
      architecture, graph, [&](const FakeQuantize& rounding, Index i, Index tensor) {
        observed[static_cast<std::size_t>(tensor)].range = rounding.template range<S>(
            detail::params_of(aware, i), detail::statistics_of(aware, i));
      });
  return quant::quantize_graph(graph, observed, false, of_nodes);
}

}  // namespace kd
