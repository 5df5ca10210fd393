// SPDX-License-Identifier: MIT
//
// predict/<network>/<batch>: `Network::predict` on images from random places of the set.
#include <vector>

#include "cost.hpp"
#include "measure.hpp"
#include "setting.hpp"

namespace {

using namespace setting;

template <class Architecture>
void predict(benchmark::State& state) {
  const kd::Index batch = state.range(0);
  const kd::Network<Architecture> network(kd::Rng(0));
  const kd::Matrix<float>& inputs = float_images();
  kd::Rng rng(1);
  std::vector<kd::Index> starts(1024);
  for (auto& start : starts) start = rng.below(inputs.cols() - batch + 1);
  const Cost least{cost::forward_flop(network.architecture(), batch),
                   sizeof(float) * static_cast<double>(inputs.rows() * batch)};
  std::size_t call = 0;
  time_calls(state, batch, least, [&] {
    const kd::Index start = starts[call++ % starts.size()];
    const kd::Matrix<float> logits = network.predict(inputs.middleCols(start, batch));
    benchmark::DoNotOptimize(logits.data());
  });
}

void batches(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(1)->Arg(32)->Arg(10'000)->Unit(benchmark::kMicrosecond);
}

BENCHMARK(predict<Student>)->Name("predict/student")->Apply(batches);
BENCHMARK(predict<Teacher>)->Name("predict/teacher")->Apply(batches);

}  // namespace
