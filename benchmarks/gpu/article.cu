// SPDX-License-Identifier: MIT
//
// The article's recipe on the CPU and on the GPU: same seeds, same batches, same dropout masks.
// Fails when an accuracy differs by more than a point.
//
//   kd_gpu_article [folder with MNIST]     otherwise: the sample of the repository
#include <cmath>
#include <cstdio>
#include <kd/cuda.hpp>
#include <kd/data/gzip.hpp>
#include <string>

namespace {

using Teacher = kd::Sequential<kd::Linear<784, 1200>, kd::Dropout, kd::ReLU, kd::Linear<1200, 1200>,
                               kd::Dropout, kd::ReLU, kd::Linear<1200, 10>>;
using Student =
    kd::Sequential<kd::Linear<784, 20>, kd::ReLU, kd::Linear<20, 20>, kd::ReLU, kd::Linear<20, 10>>;

struct Run {
  double teacher, alone, distilled;  // accuracies
  double seconds;
};

double seconds(const kd::FitReport& report) {
  double sum = 0;
  for (const kd::EpochReport& epoch : report.epochs) sum += epoch.seconds;
  return sum;
}

template <class Space>
Run run(const kd::Dataset& train, const kd::Dataset& test, bool capture) {
  const kd::Adam adam{{.lr = 1e-4}};
  const kd::FitOptions six{.epochs = 6, .batch_size = 32, .capture_step = capture};
  const kd::FitOptions five{.epochs = 5, .batch_size = 32, .capture_step = capture};
  kd::Network<Teacher, Space> teacher(kd::Rng(0));
  kd::Network<Student, Space> alone(kd::Rng(1));
  kd::Network<Student, Space> distilled(kd::Rng(1));
  double time = seconds(kd::fit(teacher, train, kd::CrossEntropy{}, adam, six));
  time += seconds(kd::fit(alone, train, kd::CrossEntropy{}, adam, six));
  kd::Distiller distiller(
      teacher, distilled,
      kd::SoftTargets{{.temperature = 7, .hard_weight = 0.3, .soft_weight = 0.7}});
  time += seconds(distiller.fit(train, adam, five));
  return {kd::evaluate(teacher, test).accuracy, kd::evaluate(alone, test).accuracy,
          kd::evaluate(distilled, test).accuracy, time};
}

void print(const char* where, const Run& run) {
  std::printf("%-22s teacher %.4f  alone %.4f  distilled %.4f  training %.2f s\n", where,
              run.teacher, run.alone, run.distilled, run.seconds);
}

bool is_near(const Run& a, const Run& b) {
  constexpr double point = 0.01;
  return std::abs(a.teacher - b.teacher) <= point && std::abs(a.alone - b.alone) <= point &&
         std::abs(a.distilled - b.distilled) <= point;
}

}  // namespace

int main(int argc, char** argv) {
  if (kd::cuda::device_count() == 0) {
    std::puts("No CUDA device can be used here: nothing was trained.");
    return 77;
  }
  const std::string folder = argc > 1 ? argv[1] : KD_SAMPLE_DIR;
  const kd::Dataset train = kd::load_mnist(folder, kd::Split::train, kd::GzipFiles{});
  const kd::Dataset test = kd::load_mnist(folder, kd::Split::test, kd::GzipFiles{});
  kd::set_threads(static_cast<int>(std::thread::hardware_concurrency()));
  const Run cpu = run<kd::cpu::Space>(train, test, false);
  print("CPU", cpu);
  const Run gpu = run<kd::cuda::Space>(train, test, false);
  print("GPU", gpu);
  const Run graph = run<kd::cuda::Space>(train, test, true);
  print("GPU, captured steps", graph);
  return is_near(cpu, gpu) && is_near(cpu, graph) ? 0 : 1;
}
