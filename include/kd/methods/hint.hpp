// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/squared_error.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/tap.hpp"
#include "kd/methods/regressor.hpp"

namespace kd {

struct HintOptions {
  Scheduled weight = 100;  ///< of the squared error; zero or more
  std::uint64_t seed = 0;  ///< of the regressor's first weights
  static constexpr std::array names{"weight", "seed"};
};

/// FitNets: the student's features, through a learned linear map, should be the teacher's:
/// `weight mean((W f + b - g)^2)`.
///
/// f: what layer `StudentLayer` of the student gives, (student's width, batch); g: layer
/// `TeacherLayer` of the teacher, (teacher's width, batch); layers are counted from 1. Where both
/// give maps of the same height and width, f and g are the channels at each place, and W is a
/// 1 x 1 convolution. The mean is over all teacher's features and the batch: with a sum instead the
/// weight would be that many times smaller. `W` and `b`, the regressor, train along with the
/// student; after `fit` they are a network of their own, `distiller.state<I>().regressor`, and no
/// part of the student.
///
/// The paper has half the sum of squares, here it is the mean without the half, as in most code.
/// The paper trains in two stages, first the hint, then soft targets: two distillers for the same
/// student, one after the other. Source: Romero et al., "FitNets: hints for thin deep nets", 2015,
/// equation 3; weight as is common since Tian et al., "Contrastive representation distillation",
/// 2020.
template <Index TeacherLayer, Index StudentLayer>
class Hint : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "Hint";
  static constexpr std::array<const char*, 1> terms{"hint"};
  static constexpr std::array<Index, 2> taps{TeacherLayer, StudentLayer};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }

  /// Throws `ConfigError` when the weight is out of its range.
  explicit Hint(HintOptions options = {}) : options_(std::move(options)) { weights({}); }

  const HintOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("Hint: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    Tap::template check<TeacherT, StudentT>();
    constexpr bool are_maps =
        detail::are_maps_of_one_size(detail::static_shape_behind<StudentT, StudentLayer>(),
                                     detail::static_shape_behind<TeacherT, TeacherLayer>());
    using Architecture = detail::Regressor<are_maps>;
    return detail::RegressorState<S, Space, Architecture>(
        detail::make_regressor<Architecture>(Tap::student_shape(student),
                                             Tap::teacher_shape(teacher)),
        options_.seed, capacity, student.space());
  }

  template <Real S, class Space, class Architecture>
  void accumulate(const DistillStep<S, Space>& step,
                  detail::RegressorState<S, Space, Architecture>& state) const {
    const auto features = Tap::student_features(step);
    const auto target = Tap::teacher_features(step);
    detail::check_map("Hint", state.map(), features.rows, target.rows);
    const MatrixView<S, Space> y = state.forward(step.space, features);
    op_squared_error(step.space, MatrixView<const S, Space>(y), target,
                     detail::batch_scale(weights(step.progress)[0], step), y, Write::overwrite,
                     state.losses.term(0, step.batch.size()));
    state.backward(step.space, features, y, Tap::student_gradient(step));
    state.losses.add_to(step);
  }

 private:
  using Tap = detail::Tap<TeacherLayer, StudentLayer>;

  HintOptions options_;
};

}  // namespace kd
