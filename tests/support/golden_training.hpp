// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <type_traits>

#include "kd/data/dataset.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/network.hpp"
#include "kd/nn/relu.hpp"
#include "kd/train/loop.hpp"
#include "support/golden.hpp"

namespace kd::test {

/// The student of tests/golden/README.md, "Training".
using GoldenStudent = Sequential<Linear<784, 20>, ReLU, Linear<20, 20>, ReLU, Linear<20, 10>>;

template <class S>
Network<GoldenStudent, cpu::Space, S> golden_student() {
  Network<GoldenStudent, cpu::Space, S> student(Rng(0));
  map(student.params()) = golden_vector<float>("training/initial").template cast<S>();
  return student;
}

inline Dataset golden_samples() {
  return {golden<std::uint8_t>("training/images"), golden_labels("training/labels")};
}

/// What ten steps leave behind.
template <class S>
struct TrainingTrace {
  Vector<double> losses = Vector<double>::Zero(10);
  Vector<S> first_weights;
  Vector<S> last_weights;

  /// Options for `fit` that record a run of ten steps here.
  template <class N>
  FitOptions record(const N& student) {
    FitOptions options{.epochs = 1, .batch_size = 32, .shuffle = false};
    options.on_step = [&](const StepReport& report) {
      losses(report.step - 1) = report.loss;
      if (report.step == 1) first_weights = map(student.params());
      if (report.step == 10) last_weights = map(student.params());
    };
    return options;
  }

  /// The largest relative distance of any number from what PyTorch computed: `name` is "alone" or
  /// "distilled". Double is compared with double, where only the last weights are kept.
  double distance(const std::string& name) const {
    constexpr bool in_float = std::is_same_v<S, float>;
    const std::string precision = in_float ? "" : "_double";
    const std::string weights = "training/" + name + "_weights_";
    const auto expected_losses = golden<S>("training/" + name + "_losses" + precision);
    double worst = relative_distance(losses.transpose(), expected_losses.row(0), 1e-7);
    worst = std::max(
        worst, relative_distance(last_weights, golden_vector<S>(weights + "10" + precision), 1e-7));
    if (in_float)
      worst =
          std::max(worst, relative_distance(first_weights, golden_vector<S>(weights + "1"), 1e-7));
    return worst;
  }
};

}  // namespace kd::test
