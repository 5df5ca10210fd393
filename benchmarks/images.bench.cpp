// SPDX-License-Identifier: MIT
//
// step/resnet8, step/ds_cnn: one training step of two networks of MLPerf Tiny at batch 32;
// predict/<network>/<batch> of the same, folded. op/conv/...: one convolution of 32 samples,
// forward and both gradients.
#include <string>
#include <utility>

#include "common/mlperf_tiny.hpp"
#include "cost.hpp"
#include "measure.hpp"
#include "setting.hpp"

namespace {

using setting::batch_size;

template <class Architecture>
kd::Dataset samples(kd::Index count) {
  kd::Rng rng(1);
  kd::Matrix<float> inputs(Architecture::static_width(0), count);
  for (kd::Index i = 0; i < inputs.size(); ++i) inputs.data()[i] = rng.symmetric(1.F);
  kd::Labels labels(count);
  for (auto& label : labels)
    label = static_cast<kd::Label>(rng.below(Architecture::static_width(Architecture::depth)));
  return {std::move(inputs), std::move(labels)};
}

template <class Architecture>
void step(benchmark::State& state) {
  kd::Network<Architecture> network(kd::Rng(0));
  const kd::Dataset data = samples<Architecture>(1024);
  const Cost least{cost::training_flop(network.architecture(), batch_size), 0};
  time_steps(state, batch_size, least, [&](const kd::FitOptions& options) {
    kd::fit(network, data, kd::CrossEntropy{}, kd::Adam{{.lr = setting::lr}}, options);
  });
}

template <class Architecture>
void predict(benchmark::State& state) {
  const kd::Index batch = state.range(0);
  const auto network = kd::fold(kd::Network<Architecture>(kd::Rng(0)));
  const kd::Matrix<float> inputs = kd::Matrix<float>::Random(network.in_features(), batch);
  auto workspace = network.make_workspace(batch);
  const Cost least{cost::forward_flop(network.architecture(), batch), 0};
  time_calls(state, batch, least,
             [&] { benchmark::DoNotOptimize(network.predict(inputs, workspace).data()); });
}

/// The layer in the middle of each stage of a ResNet-8, and those of a DS-CNN.
template <class L>
kd::ConvShape shape_of(const kd::Shape& in) {
  L layer;
  layer.bind(in);
  return layer.conv_shape();
}
using Large = mlperf_tiny::Same<16, 3>;
using Middle = mlperf_tiny::Same<32, 3>;
using Small = mlperf_tiny::Same<64, 3>;
using Pointwise = kd::Conv2d<64, 1>;
using Depthwise = kd::DepthwiseConv2d<3, kd::Window{.same = true}>;

enum class Pass { forward, input, params };

template <class L, Pass P>
void conv(benchmark::State& state, const kd::Shape& in) {
  const kd::ConvShape shape = shape_of<L>(in);
  const kd::cpu::Space space;
  const kd::Matrix<float> x = kd::Matrix<float>::Random(shape.in.features(), batch_size);
  kd::Matrix<float> dx(shape.in.features(), batch_size);
  kd::Matrix<float> y = kd::Matrix<float>::Random(shape.out.features(), batch_size);
  const kd::Matrix<float> dy = y;
  const kd::Vector<float> w = kd::Vector<float>::Random(shape.out.channels * shape.depth());
  kd::Vector<float> dw(w.size());
  const Cost least{2. * static_cast<double>(shape.depth() * shape.out.features() * batch_size), 0};
  time_calls(state, batch_size, least, [&] {
    if constexpr (P == Pass::forward)
      op_conv2d_forward<float>(space, shape, kd::view(w), {}, kd::view(x), kd::view(y));
    else if constexpr (P == Pass::input)
      op_conv2d_backward_input<float>(space, shape, kd::view(w), kd::view(dy), kd::view(dx),
                                      kd::Write::overwrite);
    else
      op_conv2d_backward_params<float>(space, shape, kd::view(x), kd::view(dy), kd::view(dw), {},
                                       kd::Write::overwrite);
    benchmark::ClobberMemory();
  });
}

template <class L>
void register_conv(const std::string& name, const kd::Shape& in) {
  const auto add = [&](const char* pass, auto* function) {
    benchmark::RegisterBenchmark(("op/conv_" + std::string(pass) + '/' + name).c_str(), function,
                                 in)
        ->Unit(benchmark::kMicrosecond);
  };
  add("forward", conv<L, Pass::forward>);
  add("input", conv<L, Pass::input>);
  add("params", conv<L, Pass::params>);
}

const bool registered = [] {
  register_conv<Large>("16x32x32", {16, 32, 32});
  register_conv<Middle>("32x16x16", {32, 16, 16});
  register_conv<Small>("64x8x8", {64, 8, 8});
  register_conv<Pointwise>("pointwise_64x25x5", {64, 25, 5});
  register_conv<Depthwise>("depthwise_64x25x5", {64, 25, 5});
  return true;
}();

BENCHMARK(step<mlperf_tiny::ResNet8>)->Name("step/resnet8")->Unit(benchmark::kMicrosecond);
BENCHMARK(step<mlperf_tiny::DsCnn>)->Name("step/ds_cnn")->Unit(benchmark::kMicrosecond);
BENCHMARK(predict<mlperf_tiny::ResNet8>)
    ->Name("predict/resnet8")
    ->Arg(1)
    ->Arg(32)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(predict<mlperf_tiny::DsCnn>)
    ->Name("predict/ds_cnn")
    ->Arg(1)
    ->Arg(32)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
