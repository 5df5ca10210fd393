// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/gaussian_wasserstein.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/methods/regressor.hpp"

namespace kd {

struct WassersteinFeaturesOptions {
  Scheduled mean_weight = 0.32;       ///< of the means; zero or more
  Scheduled deviation_weight = 0.08;  ///< of the deviations; zero or more
  std::uint64_t seed = 0;             ///< of the regressor's first weights
  static constexpr std::array names{"mean_weight", "deviation_weight", "seed"};
};

/// WKD-F: over the places of a map, each channel of the student's features should be distributed as
/// the teacher's, as Gaussians are: `mean_weight sum_c (m_s - m_t)^2 + deviation_weight sum_c (d_s
/// - d_t)^2`, a squared Wasserstein distance where both weights are equal.
///
/// m and d are a channel's mean and deviation over a sample's map, `d = sqrt(var + 1e-5)`, var
/// divided by the number of places. The student's are of `W f + b`, f the maps that layer
/// `StudentLayer` of the student gives, and a 1 x 1 convolution with as many channels as layer
/// `TeacherLayer` of the teacher gives, (channels * height * width, batch) both; layers are counted
/// from 1. The maps may be of different sizes. Sum over channels, mean over the batch. The
/// convolution trains along with the student; after `fit` it is a network of its own,
/// `distiller.state<I>().regressor`, and no part of the student.
///
/// Source: Lv et al., "Wasserstein distance rivals Kullback-Leibler divergence for knowledge
/// distillation", 2024, the part on features with diagonal covariances; weights as in the authors'
/// code, where ReLU and BatchNorm stand behind the convolution and var is divided by one less.
template <Index TeacherLayer, Index StudentLayer>
class WassersteinFeatures : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "WassersteinFeatures";
  static constexpr std::array<const char*, 2> terms{"means", "deviations"};
  static constexpr std::array<Index, 2> taps{TeacherLayer, StudentLayer};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }

  template <Real S, class Space>
  struct State : detail::RegressorState<S, Space, detail::Convolution1x1, 2> {
    using detail::RegressorState<S, Space, detail::Convolution1x1, 2>::RegressorState;
    Shape teacher = {};  ///< of the layer that it was made for
  };

  /// Throws `ConfigError` when a weight is out of its range.
  explicit WassersteinFeatures(WassersteinFeaturesOptions options = {})
      : options_(std::move(options)) {
    weights({});
  }

  const WassersteinFeaturesOptions& options() const { return options_; }
  std::array<double, 2> weights(const Progress& progress) const {
    return {
        detail::not_negative("WassersteinFeatures: mean_weight", options_.mean_weight, progress),
        detail::not_negative("WassersteinFeatures: deviation_weight", options_.deviation_weight,
                             progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    Tap::template check<TeacherT, StudentT>();
    const Shape& of_teacher = Tap::teacher_shape(teacher);
    State<S, Space> state(detail::convolution_1x1(Tap::student_shape(student), of_teacher.channels),
                          options_.seed, capacity, student.space());
    state.teacher = of_teacher;
    return state;
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<S, Space>& state) const {
    const Index batch = step.batch.size();
    const auto features = Tap::student_features(step);
    const auto target = Tap::teacher_features(step);
    detail::check_widths("WassersteinFeatures", state.map().in_features(), state.teacher.features(),
                         features.rows, target.rows);
    const auto [mean_weight, deviation_weight] = weights(step.progress);
    const MatrixView<S, Space> y = state.forward(step.space, features);
    op_gaussian_wasserstein(step.space, state.teacher.channels, MatrixView<const S, Space>(y),
                            target, detail::batch_scale(mean_weight, step),
                            detail::batch_scale(deviation_weight, step), y,
                            state.losses.term(0, batch), state.losses.term(1, batch));
    state.backward(step.space, features, y, Tap::student_gradient(step));
    state.losses.add_to(step);
  }

 private:
  using Tap = detail::Tap<TeacherLayer, StudentLayer>;

  WassersteinFeaturesOptions options_;
};

}  // namespace kd
