// SPDX-License-Identifier: MIT
//
// scaling/batch/<network>/<batch>: one training step of either network.
// scaling/width/<width>: one distillation step of a student 784-width-width-10 at batch 32, teacher
// logits from the cache.
#include "cost.hpp"
#include "measure.hpp"
#include "setting.hpp"

namespace {

using namespace setting;

template <class Architecture>
void scaling_batch(benchmark::State& state) {
  const kd::Index batch = state.range(0);
  kd::Network<Architecture> network(kd::Rng(0));
  const Cost least{cost::training_flop(network.architecture(), batch)};
  time_steps(state, batch, least, [&](const kd::FitOptions& options) {
    kd::fit(network, images(), kd::CrossEntropy{}, kd::Adam{{.lr = lr}}, options);
  });
}

void scaling_width(benchmark::State& state) {
  using Wide = kd::Sequential<kd::Linear<>, kd::ReLU, kd::Linear<>, kd::ReLU, kd::Linear<>>;
  const kd::Index width = state.range(0);
  kd::Network<Wide> student(Wide(kd::Linear<>(784, width), kd::ReLU{}, kd::Linear<>(width, width),
                                 kd::ReLU{}, kd::Linear<>(width, 10)),
                            kd::Rng(0));
  kd::Distiller distiller(cached_teacher(), student, soft_targets());
  const Cost least{cost::training_flop(student.architecture(), batch_size)};
  time_steps(state, batch_size, least, [&](const kd::FitOptions& options) {
    distiller.fit(images(), kd::Adam{{.lr = lr}}, options);
  });
}

void batches(benchmark::internal::Benchmark* benchmark) {
  benchmark->RangeMultiplier(4)->Range(1, 4096)->Unit(benchmark::kMicrosecond);
}

BENCHMARK(scaling_batch<Student>)->Name("scaling/batch/student")->Apply(batches);
BENCHMARK(scaling_batch<Teacher>)->Name("scaling/batch/teacher")->Apply(batches);
BENCHMARK(scaling_width)
    ->Name("scaling/width")
    ->Arg(20)
    ->Arg(64)
    ->Arg(200)
    ->Arg(512)
    ->Arg(1200)
    ->Arg(2048)
    ->Arg(4096)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
