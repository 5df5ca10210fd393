// SPDX-License-Identifier: MIT
//
// What few bits cost, and what quantisation-aware distillation gives back:
//
//   kd_few_bits FOLDER [SEEDS]
//
// FOLDER holds MNIST's four files, or those of Fashion-MNIST. A teacher, then for each seed two
// students, distilled and alone, and what becomes of each in 8 and in 4 bits: the accuracy of the
// integers on the test images, as mean and deviation over the seeds (3 unless told).

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <kd/data/gzip.hpp>
#include <kd/distill.hpp>
#include <kd/export.hpp>
#include <string>
#include <vector>

#include "common/networks.hpp"
#include "common/spread.hpp"

namespace {

using example::Student;
using example::Teacher;
using Convolutional =
    kd::Sequential<kd::Image<1, 28, 28>, kd::Conv2d<8, 3, kd::Window{.stride = 2, .pad = 1}>,
                   kd::BatchNorm, kd::ReLU, kd::DepthwiseConv2d<3, kd::Window{.pad = 1}>,
                   kd::BatchNorm, kd::ReLU, kd::Conv2d<16, 1>, kd::BatchNorm, kd::ReLU,
                   kd::MaxPool2d<2>, kd::Linear<784, 10>>;

struct Data {
  kd::Dataset train, test;
};

struct Training {
  kd::Index epochs;
  double lr;
};

kd::FitOptions options_of(const Training& training, std::uint64_t seed) {
  return {
      .epochs = training.epochs, .batch_size = 64, .seed = seed, .schedule = kd::CosineSchedule{}};
}

/// What is measured: a name, and the accuracy for each seed.
struct Row {
  std::string name;
  std::vector<double> accuracies = {};
};

/// A student from its first weights to its integers. Everything that has a teacher learns from its
/// outputs alone, softened; everything that has none from the labels.
template <class Architecture>
class Measurement {
 public:
  Measurement(const Data& data, const kd::CachedTeacher<>& teacher, Training first,
              Training further)
      : data_(data), teacher_(teacher), first_(first), further_(further) {}

  void run(std::uint64_t seed) {
    kd::Network<Architecture> alone(kd::Rng(seed).stream(2));
    kd::Network<Architecture> distilled = alone;
    kd::fit(alone, data_.train, kd::CrossEntropy{}, kd::Adam{{.lr = first_.lr}},
            options_of(first_, seed));
    kd::Distiller(teacher_, distilled, soft_targets())
        .fit(data_.train, kd::Adam{{.lr = first_.lr}}, options_of(first_, seed));
    note("float, alone", alone);
    note("float, distilled", distilled);
    note("8 bits, distilled: quantised afterwards", kd::quantize(distilled, ranges()));
    const kd::FakeQuantizedOptions eight{};
    note("8 bits, distilled: aware, labels", by_labels(distilled, eight, seed));
    note("8 bits, distilled: aware, teacher", by_teacher(distilled, eight, seed));
    measure_4("4 bits", distilled, alone, 4, seed);
    measure_4("4 bits inside", distilled, alone, 8, seed);
  }

  const std::vector<Row>& rows() const { return rows_; }

 private:
  using Network = kd::Network<Architecture>;

  static kd::SoftTargets soft_targets() {
    return kd::SoftTargets({.temperature = 3, .hard_weight = 0.1, .soft_weight = 0.9});
  }
  kd::Dataset ranges() const { return data_.train.slice(0, 1000); }

  /// `outer`: the bits of the first and the last layer's weights.
  void measure_4(const std::string& bits, const Network& distilled, const Network& alone, int outer,
                 std::uint64_t seed) {
    const kd::FakeQuantizedOptions four{
        .weight_bits = 4, .activation_bits = 4, .outer_weight_bits = outer, .learned_scales = true};
    kd::FakeQuantizedOptions measured = four;
    measured.learned_scales = false;
    note(bits + ", distilled: quantised afterwards",
         kd::quantize(kd::fake_quantize(distilled, ranges(), measured)));
    note(bits + ", alone: aware, labels", by_labels(alone, four, seed));
    note(bits + ", distilled: aware, labels", by_labels(distilled, four, seed));
    note(bits + ", distilled: aware, teacher", by_teacher(distilled, four, seed));
  }

  kd::QuantizedNetwork by_teacher(const Network& student, const kd::FakeQuantizedOptions& bits,
                                  std::uint64_t seed) const {
    auto aware = kd::fake_quantize(student, ranges(), bits);
    kd::Distiller distiller(teacher_, aware, soft_targets());
    kd::FitOptions options = options_of(further_, seed);
    options.on_step = kd::freeze_ranges_late(aware);
    distiller.fit(data_.train, kd::Adam{{.lr = further_.lr}}, options);
    return kd::quantize(aware);
  }
  kd::QuantizedNetwork by_labels(const Network& student, const kd::FakeQuantizedOptions& bits,
                                 std::uint64_t seed) const {
    auto aware = kd::fake_quantize(student, ranges(), bits);
    kd::FitOptions options = options_of(further_, seed);
    options.on_step = kd::freeze_ranges_late(aware);
    kd::fit(aware, data_.train, kd::CrossEntropy{}, kd::Adam{{.lr = further_.lr}}, options);
    return kd::quantize(aware);
  }

  template <class Model>
  void note(const std::string& name, const Model& model) {
    auto row = std::find_if(rows_.begin(), rows_.end(),
                            [&](const Row& each) { return each.name == name; });
    if (row == rows_.end()) row = rows_.insert(row, {name});
    row->accuracies.push_back(100 * kd::evaluate(model, data_.test).accuracy);
    std::fprintf(stderr, "%-48s %.2f %%\n", name.c_str(), row->accuracies.back());
  }

  const Data& data_;
  const kd::CachedTeacher<>& teacher_;
  Training first_, further_;
  std::vector<Row> rows_;
};

template <class Architecture>
void measure(const char* name, const Data& data, const kd::CachedTeacher<>& teacher, Training first,
             Training further, int seeds) {
  Measurement<Architecture> measurement(data, teacher, first, further);
  for (int seed = 0; seed < seeds; ++seed) measurement.run(static_cast<std::uint64_t>(seed));
  std::printf("\n| %s | accuracy, %d seeds |\n|---|---|\n", name, seeds);
  for (const Row& row : measurement.rows()) {
    const example::Spread spread = example::spread_of(row.accuracies);
    std::printf("| %s | %.2f %% +- %.2f |\n", row.name.c_str(), spread.mean, spread.deviation);
  }
  std::fflush(stdout);
}

void run(const std::string& folder, int seeds) {
  const Data data{kd::load_mnist(folder, kd::Split::train, kd::GzipFiles{}),
                  kd::load_mnist(folder, kd::Split::test, kd::GzipFiles{})};
  const kd::Dropout dropout(0.5);
  kd::Network<Teacher> network(Teacher({}, dropout, {}, {}, dropout, {}, {}), kd::Rng(0).stream(1));
  kd::FitOptions options = options_of({6, 5e-4}, 0);
  options.batch_size = 128;
  kd::fit(network, data.train, kd::CrossEntropy{}, kd::Adam{{.lr = 5e-4}}, options);
  std::printf("teacher 784-1200-1200-10: %.2f %%\n",
              100 * kd::evaluate(network, data.test).accuracy);
  const kd::CachedTeacher<> teacher(network, data.train);
  measure<Student>("784-20-20-10", data, teacher, {20, 4e-3}, {2, 4e-4}, seeds);
  measure<Convolutional>("convolutional", data, teacher, {6, 4e-3}, {1, 4e-4}, seeds);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "kd_few_bits FOLDER [SEEDS]\n");
    return 2;
  }
  try {
    run(arguments[1], count > 2 ? std::atoi(arguments[2]) : 3);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
