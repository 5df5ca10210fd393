// SPDX-License-Identifier: MIT
//
// loss/kd/<classes>: the distillation loss alone, as a training step computes it: both parts of
// `kd::SoftTargets` and their gradient at the logits, for 64 samples.
// loss/kd_close/<classes>: the same of a student that is nearly its teacher, whose divergence is
// summed up from its terms.
// scaling/classes/<classes>: the same, from 10 to 100,000.
#include "measure.hpp"
#include "setting.hpp"

namespace {

using LogitsOnly = kd::Network<kd::Sequential<kd::Linear<>>>;

template <class View>
void fill(View view, kd::Rng rng, float largest) {
  for (kd::Index i = 0; i < view.size(); ++i) view.data[i] = rng.symmetric(largest);
}

/// The teacher's logits lie up to `apart` from the student's, which are up to 5.
void time_loss(benchmark::State& state, float apart) {
  constexpr kd::Index batch = 64;
  const kd::Index classes = state.range(0);
  // A network gives the tape its shape; the logits are put there by hand.
  const LogitsOnly network(LogitsOnly::Architecture(kd::Linear<>(1, classes)), kd::Rng(0));
  auto tape = network.make_workspace(batch, kd::Mode::training);
  const kd::Matrix<float> inputs = kd::Matrix<float>::Zero(1, batch);
  tape.begin(kd::view(inputs));
  fill(tape.output(1), kd::Rng(1), 5.F);
  kd::Matrix<float> teacher_logits(classes, batch);
  fill(kd::view(teacher_logits), kd::Rng(2), apart);
  if (apart < 5.F) teacher_logits += kd::map(tape.output(1));
  kd::Labels labels(batch);
  kd::Rng rng(3);
  for (kd::Index b = 0; b < batch; ++b) labels(b) = static_cast<kd::Label>(rng.below(classes));
  kd::Buffer<double> totals(2);

  const kd::SoftTargets method = setting::soft_targets();
  auto method_state = method.make_state(network, network, batch);
  const kd::Batch<float> samples{kd::view(inputs), kd::view(std::as_const(labels)), {}};
  const kd::DistillStep<float, kd::cpu::Space> step{
      network.space(), samples, kd::view(std::as_const(teacher_logits)), nullptr, tape, {},
      totals.view()};
  // Two matrices of logits are read, one of gradients is written.
  const double bytes = 3. * sizeof(float) * static_cast<double>(classes * batch);
  time_calls(state, batch, {0, bytes}, [&] {
    tape.begin(kd::view(inputs));
    method.accumulate(step, method_state);
    benchmark::DoNotOptimize(tape.grad(1).data);
    benchmark::ClobberMemory();
  });
}

void loss_kd(benchmark::State& state) { time_loss(state, 5.F); }
void loss_kd_close(benchmark::State& state) { time_loss(state, 0.5F); }

BENCHMARK(loss_kd)->Name("loss/kd")->Arg(10)->Arg(1000)->Arg(50257)->Unit(benchmark::kMicrosecond);
BENCHMARK(loss_kd_close)
    ->Name("loss/kd_close")
    ->Arg(10)
    ->Arg(1000)
    ->Arg(50257)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(loss_kd)
    ->Name("scaling/classes")
    ->RangeMultiplier(10)
    ->Range(10, 100'000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
