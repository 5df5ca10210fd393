// SPDX-License-Identifier: MIT
//
// step/...: one training step at batch 32, as `kd::fit` and `Distiller::fit` do it; op/loop: what
// is left of one without its mathematics.
#include "cost.hpp"
#include "measure.hpp"
#include "setting.hpp"

namespace {

using namespace setting;

void step_teacher(benchmark::State& state) {
  kd::Network<Teacher> network(kd::Rng(0));
  // Weights, gradients and moments are 38 MB, so that Adam's traffic goes to memory.
  const Cost least{cost::training_flop(network.architecture(), batch_size),
                   cost::adam_bytes(network.num_params()) + cost::image_bytes(batch_size)};
  time_steps(state, batch_size, least, [&](const kd::FitOptions& options) {
    kd::fit(network, images(), kd::CrossEntropy{}, kd::Adam{{.lr = lr}}, options);
  });
}

void step_student(benchmark::State& state) {
  kd::Network<Student> network(kd::Rng(0));
  const Cost least{cost::training_flop(network.architecture(), batch_size),
                   cost::image_bytes(batch_size)};
  time_steps(state, batch_size, least, [&](const kd::FitOptions& options) {
    kd::fit(network, images(), kd::CrossEntropy{}, kd::Adam{{.lr = lr}}, options);
  });
}

template <class TeacherT>
void distill(benchmark::State& state, const TeacherT& teacher, double teacher_flop) {
  kd::Network<Student> student(kd::Rng(0));
  kd::Distiller distiller(teacher, student, soft_targets());
  const Cost least{cost::training_flop(student.architecture(), batch_size) + teacher_flop,
                   cost::image_bytes(batch_size)};
  time_steps(state, batch_size, least, [&](const kd::FitOptions& options) {
    distiller.fit(images(), kd::Adam{{.lr = lr}}, options);
  });
}

void step_kd_live(benchmark::State& state) {
  distill(state, teacher(), cost::forward_flop(teacher().architecture(), batch_size));
}

void step_kd_cached(benchmark::State& state) { distill(state, cached_teacher(), 0); }

/// A step in which next to nothing is computed: what it takes is the training loop's own.
void loop(benchmark::State& state) {
  kd::Network<kd::Sequential<kd::Linear<1, 2>>> network(kd::Rng(0));
  const kd::Dataset data(kd::Bytes::Zero(1, 1024), kd::Labels::Zero(1024), 2);
  time_steps(state, 1, {}, [&](const kd::FitOptions& options) {
    kd::fit(network, data, kd::CrossEntropy{}, kd::Adam{{.lr = lr}}, options);
  });
}

BENCHMARK(step_teacher)->Name("step/teacher")->Unit(benchmark::kMicrosecond);
BENCHMARK(step_student)->Name("step/student")->Unit(benchmark::kMicrosecond);
BENCHMARK(step_kd_live)->Name("step/kd_live")->Unit(benchmark::kMicrosecond);
BENCHMARK(step_kd_cached)->Name("step/kd_cached")->Unit(benchmark::kMicrosecond);
BENCHMARK(loop)->Name("op/loop")->Unit(benchmark::kMicrosecond);

}  // namespace
