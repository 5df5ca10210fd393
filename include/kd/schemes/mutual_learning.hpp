// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
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
#include "kd/schemes/distinct.hpp"
#include "kd/schemes/student_terms.hpp"
#include "kd/teachers/teacher.hpp"
#include "kd/train/blame.hpp"
#include "kd/train/loop.hpp"
#include "kd/train/running.hpp"
#include "kd/train/validate.hpp"

namespace kd {

struct MutualLearningOptions {
  Scheduled temperature = 1;  ///< softens the students' distributions; positive
  Scheduled hard_weight = 1;  ///< of the cross-entropy with the labels; zero or more
  Scheduled peer_weight = 1;  ///< of the mean divergence from the others; zero or more
  static constexpr std::array names{"temperature", "hard_weight", "peer_weight"};
};

/// Deep mutual learning (DML): students that learn at once, each from the labels and from what the
/// others say: `L_i = hard_weight CE(z_i, y) + peer_weight / (K - 1) sum_{j != i} T^2 KL(p_j ||
/// p_i)` with `p_j = softmax(z_j / T)`, which is a constant for student i.
///
///     kd::MutualLearning mutual(kd::MutualLearningOptions{}, a, b, c);
///     mutual.fit(data, kd::Adam{}, {.epochs = 10});
///
/// With a `hard_weight` of 0 the data set may have no labels. z_i: logits of student i, (classes,
/// batch); sum over classes, mean over the batch; gradient `hard_weight (softmax(z_i) - onehot(y))
/// / B + peer_weight (T / B) (p_i - mean_j p_j)`. In a step all students run forward first, then
/// all gradients are taken, then all weights are stepped, by one optimizer with a state for each;
/// `max_grad_norm` is that of all students together. Source: Zhang et al., "Deep mutual learning",
/// 2018, equations 4 to 8; T = 1 and weights of 1 as there.
template <class... Students>
class MutualLearning {
  static_assert(sizeof...(Students) >= 2, "MutualLearning needs at least two students");
  static_assert((!std::is_const_v<Students> && ...), "students are trained: none may be const");

  using First = std::tuple_element_t<0, std::tuple<Students...>>;
  static constexpr std::size_t count = sizeof...(Students);

 public:
  using Scalar = typename First::Scalar;
  using Space = typename First::Space;
  static_assert((std::same_as<typename Students::Scalar, Scalar> && ...) &&
                    (std::same_as<typename Students::Space, Space> && ...),
                "all students must compute in the same scalar and the same memory space");
  static_assert(((Students::static_classes == First::static_classes ||
                  Students::static_classes == dynamic || First::static_classes == dynamic) &&
                 ...),
                "all students must have the same number of classes");
  static_assert(((detail::static_features<Students>() == detail::static_features<First>() ||
                  detail::static_features<Students>() == dynamic ||
                  detail::static_features<First>() == dynamic) &&
                 ...),
                "all students must take the same number of input features");

  /// Throws `ConfigError` when an option is out of its range or a network is there twice,
  /// `ShapeError` when students differ in their number of classes or features.
  explicit MutualLearning(MutualLearningOptions options, Students&... students)
      : options_(std::move(options)), students_(students...) {
    temperature({});
    hard_weight({});
    peer_weight({});
    detail::check_distinct("MutualLearning", students...);
    const First& first = std::get<0>(students_);
    (detail::check_equal("MutualLearning", "classes of every student, as the first has",
                         first.num_classes(), students.num_classes()),
     ...);
    (detail::check_equal("MutualLearning", "input features of every student, as the first has",
                         first.in_features(), students.in_features()),
     ...);
  }

  MutualLearning(const MutualLearning&) = delete;
  MutualLearning& operator=(const MutualLearning&) = delete;

  /// Trains all students. As `kd::fit`; both losses of each student are reported, "hard 1",
  /// "peers 1", "hard 2", ... Validation reports the mean of the students' losses and of their
  /// accuracies, and `keep_best` keeps all of them as they were when that loss was the least.
  template <Optimizer O>
  FitReport fit(const Dataset& data, const O& optimizer, const FitOptions& options = {}) {
    TrainingState<O, Scalar, Space> state;
    return fit(data, optimizer, options, state);
  }
  template <Optimizer O>
  FitReport fit(const Dataset& data, const O& optimizer, const FitOptions& options,
                TrainingState<O, Scalar, Space>& state) {
    const First& first = std::get<0>(students_);
    std::apply(
        [&](const Students&... student) {
          (detail::check_model_fits("MutualLearning::fit", student, data), ...);
          detail::check_options("MutualLearning::fit", options, student...);
        },
        students_);
    if (!options_.hard_weight.is_always(0))
      detail::check_labels_suffice("MutualLearning::fit", "a hard_weight above 0", LabelNeed::some,
                                   data);
    detail::check_not_negative<Scalar>("MutualLearning: hard_weight", hard_weight({}));
    detail::check_not_negative<Scalar>("MutualLearning: peer_weight", peer_weight({}));
    const auto running = std::apply(
        [](const Students&... student) {
          return std::array{detail::Running("MutualLearning::fit", &student)...};
        },
        students_);
    const detail::Running going_on("MutualLearning::fit", &state);
    Loader<Scalar, Space> loader(data, options.batch_size, first.space());
    Objective<O> objective(*this, optimizer, std::min(options.batch_size, data.size()),
                           Rng(options.seed).stream(0), state);
    return detail::Training<Space, Objective<O>, O>(objective, optimizer, options, first.space(),
                                                    state)
        .run(loader);
  }

 private:
  double temperature(const Progress& progress) const {
    return detail::temperature("MutualLearning: temperature", options_.temperature, progress);
  }
  double hard_weight(const Progress& progress) const {
    return detail::not_negative("MutualLearning: hard_weight", options_.hard_weight, progress);
  }
  double peer_weight(const Progress& progress) const {
    return detail::not_negative("MutualLearning: peer_weight", options_.peer_weight, progress);
  }

  template <class O>
  class Objective {
   public:
    using Scalar = typename First::Scalar;
    static constexpr std::array<const char*, 2 * count> terms =
        []<std::size_t... I>(std::index_sequence<I...>) {
      std::array<const char*, 2 * count> all{};
      ((all[2 * I] = detail::StudentTerms<I + 1>::hard,
        all[2 * I + 1] = detail::StudentTerms<I + 1>::peers),
       ...);
      return all;
    }
    (std::index_sequence_for<Students...>());

    Objective(MutualLearning& mutual, const O& optimizer, Index capacity, Rng rng,
              TrainingState<O, Scalar, Space>& state)
        : mutual_(mutual),
          rng_(rng),
          tapes_(std::apply(
              [&](Students&... student) {
                return std::array{
                    student.make_workspace(capacity, Mode::training, Taps::none())...};
              },
              mutual.students_)),
          values_(capacity, space()),
          state_(state) {
      const auto sizes = std::apply(
          [](const Students&... student) { return std::vector<Index>{student.num_params()...}; },
          mutual.students_);
      state.begin(optimizer, sizes, space());
      for_each_student([&](const auto& student, auto&, Index i) {
        state.describe(optimizer, static_cast<std::size_t>(i), student);
      });
    }

    std::array<double, 2 * count> weights(const Progress& progress) const {
      std::array<double, 2 * count> all{};
      for (std::size_t i = 0; i < count; ++i) {
        all[2 * i] = mutual_.hard_weight(progress);
        all[2 * i + 1] = mutual_.peer_weight(progress) / static_cast<double>(count - 1);
      }
      return all;
    }

    void check_at(const Progress& progress) const { mutual_.temperature(progress); }

    void step(const Batch<Scalar, Space>& batch, const Progress& progress,
              VectorView<double, Space> totals) {
      step_rng_ = rng_.stream(static_cast<std::uint64_t>(progress.step));
      for_each_student([&](auto& student, auto& tape, Index i) {
        student.zero_grad();
        student.forward(batch.inputs, tape, step_rng_.stream(static_cast<std::uint64_t>(i)));
      });
      const auto scales = weights(progress);
      for (std::size_t i = 0; i < count; ++i) {
        const auto hard = detail::batch_scale<Scalar>(scales[2 * i], batch.size());
        const auto peers = detail::batch_scale<Scalar>(scales[2 * i + 1], batch.size());
        add_gradient(i, batch, static_cast<Scalar>(mutual_.temperature(progress)), hard, peers,
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
      std::apply([&](const Students&... student) { (add(student), ...); }, mutual_.students_);
      return mean;
    }

    void identify(detail::RunIdentity& identity) const {
      const auto add = [&](const auto& student) { identity.add_network("student", student); };
      std::apply([&](const Students&... student) { (add(student), ...); }, mutual_.students_);
      detail::for_each_field(mutual_.options_, [&](const std::string& name, const auto& value) {
        identity.add("MutualLearning: " + name, value);
      });
    }

    /// A student that is not finite spoils the gradients of all: outputs are asked first.
    std::string blame() {
      std::string name;
      for_each_student([&](const auto& student, auto& tape, Index i) {
        if (!name.empty()) return;
        name = detail::find_nonfinite_output(student, tape.value(0),
                                             step_rng_.stream(static_cast<std::uint64_t>(i)));
        if (!name.empty()) name += detail::text(" of student ", i + 1);
      });
      for_each_student([&](auto& student, auto&, Index i) {
        if (!name.empty()) return;
        name = detail::find_nonfinite_gradient(student, space());
        if (!name.empty()) name += detail::text(" of student ", i + 1);
      });
      return name;
    }

    std::string tensor_at(Index at) {
      std::string name;
      for_each_student([&](auto& student, auto&, Index i) {
        if (0 <= at && at < student.num_params())
          name = detail::text(detail::tensor_at(student, at), " of student ", i + 1);
        at -= student.num_params();
      });
      return name;
    }

   private:
    const Space& space() const { return std::get<0>(mutual_.students_).space(); }

    /// The losses of student `i` and their gradient at its logits; nobody's logits change.
    void add_gradient(std::size_t i, const Batch<Scalar, Space>& batch, Scalar temperature,
                      Scalar hard, Scalar peers, VectorView<double, Space> totals) {
      Tape<Scalar, Space>& tape = tapes_[i];
      const VectorView<Scalar, Space> values = values_.view().slice(0, batch.size());
      if (!batch.labels.empty()) {
        const auto [dlogits, write] = tape.claim_grad(tape.depth());
        detail::accumulate_weighted(
            CrossEntropy{},
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
        (f(std::get<I>(mutual_.students_), tapes_[I], static_cast<Index>(I)), ...);
      }
      (std::index_sequence_for<Students...>());
    }

    MutualLearning& mutual_;
    Rng rng_;
    Rng step_rng_;
    std::array<Tape<Scalar, Space>, count> tapes_;
    Buffer<Scalar, Space> values_;
    Buffer<Scalar, Space> no_room_;  ///< labels come first, and overwrite
    TrainingState<O, Scalar, Space>& state_;
  };

  MutualLearningOptions options_;
  std::tuple<Students&...> students_;
};

}  // namespace kd
