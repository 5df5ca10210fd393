// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kd/cpu/ops/soft_targets.hpp"
#include "kd/cpu/ops/sum.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/loss/cross_entropy.hpp"
#include "kd/loss/weighted.hpp"
#include "kd/schemes/student_terms.hpp"
#include "kd/train/blame.hpp"
#include "kd/train/loop.hpp"
#include "kd/train/validate.hpp"

namespace kd {

struct MutualLearningOptions {
  Scheduled temperature = 1;  ///< softens the students' distributions; positive
  Scheduled hard_weight = 1;  ///< of the cross-entropy with the labels; zero or more
  Scheduled peer_weight = 1;  ///< of the mean divergence from the others; zero or more
  static constexpr std::array names{"temperature", "hard_weight", "peer_weight"};

  // What they are then; throw `ConfigError` where one is out of its range.
  double temperature_at(const Progress& progress) const {
    return detail::temperature("MutualLearning: temperature", temperature, progress);
  }
  double hard_weight_at(const Progress& progress) const {
    return detail::not_negative("MutualLearning: hard_weight", hard_weight, progress);
  }
  double peer_weight_at(const Progress& progress) const {
    return detail::not_negative("MutualLearning: peer_weight", peer_weight, progress);
  }
};

namespace detail {

/// What a step of mutual learning does to the students, under an optimizer of type `O`.
template <class O, class... Students>
class MutualObjective {
  using First = std::tuple_element_t<0, std::tuple<Students...>>;
  using Space = typename First::Space;
  static constexpr std::size_t count = sizeof...(Students);

 public:
  using Scalar = typename First::Scalar;
  static constexpr std::array<const char*, 2 * count> terms =
      []<std::size_t... I>(std::index_sequence<I...>) {
    std::array<const char*, 2 * count> all{};
    ((all[2 * I] = StudentTerms<I + 1>::hard, all[2 * I + 1] = StudentTerms<I + 1>::peers), ...);
    return all;
  }
  (std::index_sequence_for<Students...>());

  MutualObjective(const MutualLearningOptions& options, const std::tuple<Students&...>& students,
                  const O& optimizer, Index capacity, Rng rng,
                  TrainingState<O, Scalar, Space>& state)
      : options_(options),
        students_(students),
        rng_(rng),
        tapes_(std::apply(
            [&](Students&... student) {
              return std::array{student.make_workspace(capacity, Mode::training, Taps::none())...};
            },
            students_)),
        values_(capacity, space()),
        state_(state) {
    const auto sizes = std::apply(
        [](const Students&... student) { return std::vector<Index>{student.num_params()...}; },
        students_);
    state.begin(optimizer, sizes, space());
    for_each_student([&](const auto& student, auto&, Index i) {
      state.describe(optimizer, static_cast<std::size_t>(i), student);
    });
  }

  std::array<double, 2 * count> weights(const Progress& progress) const {
    std::array<double, 2 * count> all{};
    for (std::size_t i = 0; i < count; ++i) {
      all[2 * i] = options_.hard_weight_at(progress);
      all[2 * i + 1] = options_.peer_weight_at(progress) / static_cast<double>(count - 1);
    }
    return all;
  }

  void check_at(const Progress& progress) const { options_.temperature_at(progress); }

  void step(const Batch<Scalar, Space>& batch, const Progress& progress,
            VectorView<double, Space> totals) {
    step_rng_ = rng_.stream(static_cast<std::uint64_t>(progress.step));
    for_each_student([&](auto& student, auto& tape, Index i) {
      student.zero_grad();
      student.forward(batch.inputs, tape, step_rng_.stream(static_cast<std::uint64_t>(i)));
    });
    const auto scales = weights(progress);
    for (std::size_t i = 0; i < count; ++i) {
      const auto hard = batch_scale<Scalar>(scales[2 * i], batch.size());
      const auto peers = batch_scale<Scalar>(scales[2 * i + 1], batch.size());
      add_gradient(i, batch, static_cast<Scalar>(options_.temperature_at(progress)), hard, peers,
                   totals.slice(2 * static_cast<Index>(i), 2));
    }
    for_each_student([](auto& student, auto& tape, Index) { student.backward(tape); });
  }

  template <class F>
  void for_each_block(F&& f) {
    for_each_student([&](auto& student, auto&, Index i) {
      f(student.params(), student.grads(), state_.block(static_cast<std::size_t>(i)));
    });
  }

  template <class F>
  void for_each_follower(F&& f) {
    for_each_student([&](auto& student, auto&, Index) { f(student.statistics()); });
  }

  Validation validate(const Dataset& data) const {
    Validation mean;
    const auto add = [&](const auto& student) {
      const Validation one = detail::validate(student, data);
      mean.loss += one.loss / count;
      mean.accuracy += one.accuracy / count;
    };
    std::apply([&](const Students&... student) { (add(student), ...); }, students_);
    return mean;
  }

  void identify(RunIdentity& identity) const {
    const auto add = [&](const auto& student) { identity.add_network("student", student); };
    std::apply([&](const Students&... student) { (add(student), ...); }, students_);
    for_each_field(options_, [&](const std::string& name, const auto& value) {
      identity.add("MutualLearning: " + name, value);
    });
  }

  /// A student that is not finite spoils the gradients of all: outputs are asked first.
  std::string blame() {
    std::string name;
    for_each_student([&](const auto& student, auto& tape, Index i) {
      if (!name.empty()) return;
      name = find_nonfinite_output(student, tape.value(0),
                                   step_rng_.stream(static_cast<std::uint64_t>(i)));
      if (!name.empty()) name += text(" of student ", i + 1);
    });
    for_each_student([&](auto& student, auto&, Index i) {
      if (!name.empty()) return;
      name = find_nonfinite_gradient(student, space());
      if (!name.empty()) name += text(" of student ", i + 1);
    });
    return name;
  }

  std::string tensor_at(Index at) {
    std::string name;
    for_each_student([&](auto& student, auto&, Index i) {
      if (0 <= at && at < student.num_params())
        name = text(detail::tensor_at(student, at), " of student ", i + 1);
      at -= student.num_params();
    });
    return name;
  }

 private:
  const Space& space() const { return std::get<0>(students_).space(); }

  /// The losses of student `i` and their gradient at its logits; nobody's logits change.
  void add_gradient(std::size_t i, const Batch<Scalar, Space>& batch, Scalar temperature,
                    Scalar hard, Scalar peers, VectorView<double, Space> totals) {
    Tape<Scalar, Space>& tape = tapes_[i];
    const VectorView<Scalar, Space> values = values_.view().slice(0, batch.size());
    if (!batch.labels.empty()) {
      const auto [dlogits, write] = tape.claim_grad(tape.depth());
      accumulate_weighted(CrossEntropy{},
                          LossStep<Scalar, Space, LabelTarget<Scalar, Space>>{
                              space(), tape.logits(), batch.labels, hard, dlogits, write, values},
                          batch.weights, no_room_);
      op_add_sum(space(), VectorView<const Scalar, Space>(values), totals.slice(0, 1));
    }
    for (std::size_t j = 0; j < count; ++j) {
      if (j == i) continue;
      const auto [dlogits, write] = tape.claim_grad(tape.depth());
      op_soft_targets(space(), tape.logits(), std::as_const(tapes_[j]).logits(), batch.labels,
                      temperature, Scalar(0), peers, dlogits, write, VectorView<Scalar, Space>{},
                      values);
      op_add_sum(space(), VectorView<const Scalar, Space>(values), totals.slice(1, 1));
    }
  }

  /// Calls `f(student, tape, i)`, i counted from 0.
  template <class F>
  void for_each_student(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (f(std::get<I>(students_), tapes_[I], static_cast<Index>(I)), ...);
    }
    (std::index_sequence_for<Students...>());
  }

  const MutualLearningOptions& options_;
  const std::tuple<Students&...>& students_;
  Rng rng_;
  Rng step_rng_;
  std::array<Tape<Scalar, Space>, count> tapes_;
  Buffer<Scalar, Space> values_;
  Buffer<Scalar, Space> no_room_;  ///< labels come first, and overwrite
  TrainingState<O, Scalar, Space>& state_;
};

}  // namespace detail
}  // namespace kd
