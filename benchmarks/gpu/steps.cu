// SPDX-License-Identifier: MIT
//
// The time of a training step: the article's teacher, its student alone, and the student distilled
// from cached and from live logits, as it comes and captured. torch_steps.py times the same steps.
#include <cstdio>
#include <kd/cuda.hpp>

namespace {

using kd::Index;
using kd::cuda::Space;
using Teacher = kd::Sequential<kd::Linear<784, 1200>, kd::Dropout, kd::ReLU, kd::Linear<1200, 1200>,
                               kd::Dropout, kd::ReLU, kd::Linear<1200, 10>>;
using Student =
    kd::Sequential<kd::Linear<784, 20>, kd::ReLU, kd::Linear<20, 20>, kd::ReLU, kd::Linear<20, 10>>;

kd::Dataset random_images(Index samples) {
  kd::Bytes inputs(784, samples);
  kd::Labels labels(samples);
  kd::Rng rng(1);
  for (Index i = 0; i < inputs.size(); ++i)
    inputs.data()[i] = static_cast<std::uint8_t>(rng.next() >> 24);
  for (Index i = 0; i < samples; ++i) labels(i) = static_cast<kd::Label>(rng.below(10));
  return kd::Dataset(std::move(inputs), std::move(labels), 10);
}

/// The least time of a step among three epochs behind the first.
double microseconds(const kd::FitReport& report, Index steps) {
  double least = 1e30;
  for (std::size_t i = 1; i < report.epochs.size(); ++i)
    least = std::min(least, 1e6 * report.epochs[i].seconds / static_cast<double>(steps));
  return least;
}

void time_steps(const char* products, const Space& space, Index batch) {
  const kd::Dataset data = random_images(batch * 400);
  const kd::Adam adam{{.lr = 1e-4}};
  kd::Network<Teacher, Space> teacher(kd::Rng(0), space);
  kd::Network<Student, Space> student(kd::Rng(1), space);
  const kd::CachedTeacher cached(teacher, data);
  for (const bool capture : {false, true}) {
    const kd::FitOptions options{.epochs = 4, .batch_size = batch, .capture_step = capture};
    const auto print = [&](const char* what, const kd::FitReport& report) {
      std::printf("%-8s batch %5td  %-10s %-26s %9.2f us a step\n", products, batch,
                  capture ? "captured" : "as it comes", what, microseconds(report, 400));
    };
    print("teacher", kd::fit(teacher, data, kd::CrossEntropy{}, adam, options));
    print("student alone", kd::fit(student, data, kd::CrossEntropy{}, adam, options));
    kd::Distiller from_table(cached, student, kd::SoftTargets{});
    print("distilled, cached teacher", from_table.fit(data, adam, options));
    kd::Distiller live(teacher, student, kd::SoftTargets{});
    print("distilled, live teacher", live.fit(data, adam, options));
  }
}

}  // namespace

int main() {
  if (kd::cuda::device_count() == 0) {
    std::puts("No CUDA device can be used here: nothing was timed.");
    return 77;
  }
  for (const Index batch : {32, 128, 1024}) {
    time_steps("float32", Space(), batch);
    time_steps("tf32", Space({.products = kd::cuda::Products::tf32}), batch);
    time_steps("bf16", Space({.products = kd::cuda::Products::bf16}), batch);
  }
}
