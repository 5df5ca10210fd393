// SPDX-License-Identifier: MIT
//
// op/<operation>/<shape>: one operation at batch 32 with the shapes of the two networks. What it
// works on stays in cache where it fits, other than in a step.
#include <numeric>
#include <string>
#include <vector>

#include "cost.hpp"
#include "kd/cpu/ops/activation.hpp"
#include "kd/cpu/ops/cross_entropy.hpp"
#include "kd/cpu/ops/dropout.hpp"
#include "kd/cpu/ops/gather.hpp"
#include "kd/cpu/ops/guard.hpp"
#include "kd/cpu/ops/layer_norm.hpp"
#include "kd/cpu/ops/linear.hpp"
#include "measure.hpp"
#include "setting.hpp"

namespace {

using namespace setting;

constexpr kd::cpu::Space space;

kd::Buffer<float> random(kd::Index size, kd::Rng rng) {
  kd::Buffer<float> buffer(size);
  for (kd::Index i = 0; i < size; ++i) buffer.view().data[i] = rng.symmetric(1.F);
  return buffer;
}

using Floats = kd::VectorView<const float>;

struct LinearData {
  LinearData(kd::Index in, kd::Index out)
      : weight_data(random(in * out, kd::Rng(1))),
        bias_data(random(out, kd::Rng(2))),
        x_data(random(in * batch_size, kd::Rng(3))),
        y_data(random(out * batch_size, kd::Rng(4))),
        weight(weight_data.view().data, in, out),
        x(x_data.view().data, in, batch_size),
        y(y_data.view().data, out, batch_size) {}

  kd::Buffer<float> weight_data, bias_data, x_data, y_data;
  kd::MatrixView<float> weight, x, y;
};

double product_flop(kd::Index in, kd::Index out) {
  return 2. * static_cast<double>(in * out * batch_size);
}

void linear_forward(benchmark::State& state, kd::Index in, kd::Index out) {
  LinearData d(in, out);
  time_calls(state, batch_size, {product_flop(in, out)}, [&] {
    op_linear_forward(space, kd::MatrixView<const float>(d.weight), Floats(d.bias_data.view()),
                      kd::MatrixView<const float>(d.x), d.y);
    benchmark::ClobberMemory();
  });
}

/// The first layer of a network needs no gradient of its inputs.
void linear_backward(benchmark::State& state, kd::Index in, kd::Index out, bool is_first) {
  LinearData d(in, out);
  LinearData gradient(in, out);
  const kd::MatrixView<float> dx = is_first ? kd::MatrixView<float>{} : gradient.x;
  time_calls(state, batch_size, {(is_first ? 1 : 2) * product_flop(in, out)}, [&] {
    op_linear_backward(space, kd::MatrixView<const float>(d.weight),
                       kd::MatrixView<const float>(d.x), kd::MatrixView<const float>(d.y),
                       gradient.weight, gradient.bias_data.view(), kd::Write::overwrite, dx,
                       kd::Write::overwrite);
    benchmark::ClobberMemory();
  });
}

template <class Architecture>
void adam(benchmark::State& state) {
  const kd::Index size = Architecture().num_params();
  kd::Buffer<float> params = random(size, kd::Rng(1));
  const kd::Buffer<float> grads = random(size, kd::Rng(2));
  const kd::Adam optimizer{{.lr = lr}};
  auto memory = optimizer.make_state<float>(size, space);
  kd::Buffer<std::int32_t> guard(1);
  time_calls(state, size, {0, cost::adam_bytes(size)},
             [&] { optimizer.step(space, memory, params.view(), grads.view(), 1, guard.view()); });
}

/// The look at every gradient before the optimizer may use it.
template <class Architecture>
void guard(benchmark::State& state) {
  const kd::Index size = Architecture().num_params();
  const kd::Buffer<float> grads = random(size, kd::Rng(2));
  kd::Buffer<std::int32_t> flag(1);
  time_calls(state, size, {0, sizeof(float) * static_cast<double>(size)}, [&] {
    op_flag_nonfinite(space, grads.view(), flag.view());
    benchmark::ClobberMemory();
  });
}

/// Softmax as training has it: within the cross-entropy and its gradient.
void softmax(benchmark::State& state) {
  const kd::Index classes = state.range(0);
  const kd::Buffer<float> logits = random(classes * batch_size, kd::Rng(1));
  kd::Buffer<float> gradient(classes * batch_size);
  kd::Buffer<float> values(batch_size);
  kd::Labels labels(batch_size);
  kd::Rng rng(2);
  for (kd::Index b = 0; b < batch_size; ++b) labels(b) = static_cast<kd::Label>(rng.below(classes));
  time_calls(state, batch_size, {}, [&] {
    op_cross_entropy(space, kd::MatrixView<const float>(logits.view().data, classes, batch_size),
                     kd::view(std::as_const(labels)), 1.F / batch_size,
                     kd::MatrixView<float>(gradient.view().data, classes, batch_size),
                     kd::Write::overwrite, values.view());
    benchmark::ClobberMemory();
  });
}

void dropout(benchmark::State& state) {
  const kd::Index size = state.range(0) * batch_size;
  const kd::Buffer<float> x = random(size, kd::Rng(1));
  kd::Buffer<float> mask(size);
  kd::Buffer<float> y(size);
  std::uint64_t step = 0;
  time_calls(state, batch_size, {0, 3. * sizeof(float) * static_cast<double>(size)}, [&] {
    op_dropout_forward(space, kd::Rng(++step), 0.5, x.view(), mask.view(), y.view());
    benchmark::ClobberMemory();
  });
}

/// A function of each feature, forward and backward.
template <class F>
void activation(benchmark::State& state) {
  const kd::Index size = state.range(0) * batch_size;
  const kd::Buffer<float> x = random(size, kd::Rng(1));
  const kd::Buffer<float> dy = random(size, kd::Rng(2));
  kd::Buffer<float> y(size);
  kd::Buffer<float> dx(size);
  time_calls(state, batch_size, {0, 6. * sizeof(float) * static_cast<double>(size)}, [&] {
    op_activation_forward(space, F{}, Floats(x.view()), y.view());
    op_activation_backward(space, F{}, Floats(x.view()), Floats(y.view()), Floats(dy.view()),
                           dx.view(), kd::Write::overwrite);
    benchmark::ClobberMemory();
  });
}

/// Layer normalisation, forward and backward.
void layer_norm(benchmark::State& state) {
  const kd::Index features = state.range(0);
  const kd::Index size = features * batch_size;
  const kd::Buffer<float> scale = random(features, kd::Rng(1));
  const kd::Buffer<float> shift = random(features, kd::Rng(2));
  const kd::Buffer<float> inputs = random(size, kd::Rng(3));
  const kd::Buffer<float> gradients = random(size, kd::Rng(4));
  kd::Buffer<float> outputs(size), dinputs(size), dscale(features), dshift(features),
      kept(2 * batch_size);
  const kd::MatrixView<const float> x(inputs.view().data, features, batch_size);
  const kd::MatrixView<const float> dy(gradients.view().data, features, batch_size);
  const kd::MatrixView<float> y(outputs.view().data, features, batch_size);
  const kd::MatrixView<float> dx(dinputs.view().data, features, batch_size);
  const kd::MatrixView<float> moments(kept.view().data, 2, batch_size);
  time_calls(state, batch_size, {0, 7. * sizeof(float) * static_cast<double>(size)}, [&] {
    op_layer_norm_forward(space, Floats(scale.view()), Floats(shift.view()), 1e-5F, x, y, moments);
    op_layer_norm_backward(space, Floats(scale.view()), x, kd::MatrixView<const float>(moments), dy,
                           dscale.view(), dshift.view(), kd::Write::overwrite, dx,
                           kd::Write::overwrite);
    benchmark::ClobberMemory();
  });
}

/// Random rows of all images, as a loader takes them after a shuffle.
void gather(benchmark::State& state) {
  std::vector<kd::Index> order(static_cast<std::size_t>(images().size()));
  std::iota(order.begin(), order.end(), kd::Index{0});
  kd::shuffle(order, kd::Rng(1));
  kd::Buffer<float> out(images().features() * batch_size);
  kd::Index at = 0;
  images().visit([&](const auto& samples, float scale) {
    const double bytes = cost::image_bytes(batch_size) * sizeof(*samples.data);
    time_calls(state, batch_size, {0, bytes}, [&] {
      at = at + 2 * batch_size > images().size() ? 0 : at + batch_size;
      op_gather(space, samples, kd::VectorView<const kd::Index>(order.data() + at, batch_size),
                scale, kd::MatrixView<float>(out.view().data, samples.rows, batch_size));
      benchmark::ClobberMemory();
    });
  });
}

constexpr auto unit = benchmark::kMicrosecond;

const bool registered_linear = [] {
  struct Shape {
    kd::Index in, out;
    bool is_first;
  };
  for (const auto& [in, out, is_first] :
       {Shape{784, 1200, true}, Shape{1200, 1200, false}, Shape{1200, 10, false},
        Shape{784, 20, true}, Shape{20, 20, false}, Shape{20, 10, false}}) {
    const std::string shape = std::to_string(in) + "x" + std::to_string(out);
    benchmark::RegisterBenchmark(("op/linear_forward/" + shape).c_str(), linear_forward, in, out)
        ->Unit(unit);
    benchmark::RegisterBenchmark(("op/linear_backward/" + shape).c_str(), linear_backward, in, out,
                                 is_first)
        ->Unit(unit);
  }
  return true;
}();

BENCHMARK(adam<Teacher>)->Name("op/adam/teacher")->Unit(unit);
BENCHMARK(adam<Student>)->Name("op/adam/student")->Unit(unit);
BENCHMARK(guard<Teacher>)->Name("op/guard/teacher")->Unit(unit);
BENCHMARK(guard<Student>)->Name("op/guard/student")->Unit(unit);
BENCHMARK(softmax)->Name("op/softmax")->Arg(10)->Unit(unit);
BENCHMARK(dropout)->Name("op/dropout")->Arg(1200)->Unit(unit);
BENCHMARK(activation<kd::activation::GELU>)->Name("op/activation/gelu")->Arg(1200)->Unit(unit);
BENCHMARK(activation<kd::activation::HardSwish>)
    ->Name("op/activation/hard_swish")
    ->Arg(1200)
    ->Unit(unit);
BENCHMARK(activation<kd::activation::Tanh>)->Name("op/activation/tanh")->Arg(1200)->Unit(unit);
BENCHMARK(layer_norm)->Name("op/layer_norm")->Arg(1200)->Unit(unit);
BENCHMARK(gather)->Name("op/gather/784")->Unit(unit);

}  // namespace
