// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <tuple>
#include <utility>

#include "kd/schemes/distinct.hpp"
#include "kd/schemes/mutual_objective.hpp"
#include "kd/teachers/teacher.hpp"
#include "kd/train/running.hpp"

namespace kd {

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
    options_.temperature_at({});
    options_.hard_weight_at({});
    options_.peer_weight_at({});
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
    detail::check_not_negative<Scalar>("MutualLearning: hard_weight", options_.hard_weight_at({}));
    detail::check_not_negative<Scalar>("MutualLearning: peer_weight", options_.peer_weight_at({}));
    const auto running = std::apply(
        [](const Students&... student) {
          return std::array{detail::Running("MutualLearning::fit", &student)...};
        },
        students_);
    const detail::Running going_on("MutualLearning::fit", &state);
    Loader<Scalar, Space> loader(data, options.batch_size, first.space());
    using Objective = detail::MutualObjective<O, Students...>;
    Objective objective(options_, students_, optimizer, detail::most_columns(options, data),
                        Rng(options.seed).stream(0), state);
    return detail::Training<Space, Objective, O>(objective, optimizer, options, first.space(),
                                                 state)
        .run(loader);
  }

 private:
  MutualLearningOptions options_;
  std::tuple<Students&...> students_;
};

}  // namespace kd
