// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/learned_temperature.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/nn/layer.hpp"

namespace kd {

struct AdversarialTemperatureOptions {
  double lowest = 1;       ///< the temperature is above this; positive
  double range = 20;       ///< and below `lowest + range`; positive
  double theta = 1;        ///< what theta begins as: T = 15.6 with the other defaults
  Index ramp_epochs = 10;  ///< until theta ascends with full strength
  Scheduled weight = 0.9;  ///< of the divergence; zero or more
  static constexpr std::array names{"lowest", "range", "theta", "ramp_epochs", "weight"};
};

/// Curriculum temperature (CTKD): soft targets `T^2 KL(softmax(v/T) || softmax(z/T))` at a
/// temperature that is learned against the student, `T = lowest + range sigmoid(theta)`: theta
/// ascends the loss that the student descends, so that the lesson gets harder.
///
/// z: student logits, v: teacher logits, (classes, batch); sum over classes, mean over the batch;
/// gradient `(T/B) (q - p)`. Theta gets that of the loss times `-strength`,
/// `strength = (1 - cos(pi e / ramp_epochs)) / 2` in epoch e, counted from 1, and 1 from
/// `ramp_epochs` on; it is stepped by the student's optimizer. Source: Li et al., "Curriculum
/// temperature for knowledge distillation", 2023, section 3 (the global temperature), with its
/// authors' settings, where the labels' cross-entropy (`HardLabels`) counts 0.1. Adam moves
/// theta by up to its learning rate in every step, however small the gradient. That gradient is
/// what terms of size 1/T leave at 1/T^2: of its digits about log10 T are lost, one at the
/// defaults.
class AdversarialTemperature : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "AdversarialTemperature";
  static constexpr std::array<const char*, 1> terms{"soft"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }
  static constexpr bool compares_logits = true;

  template <Real S, class Space>
  struct State {
    Buffer<S, Space> theta;
    Buffer<S, Space> dtheta;
    Buffer<S, Space> slopes;  ///< of each sample's loss over the temperature
    SampleLosses<S, Space, 1> losses;

    VectorView<S, Space> params() { return theta.view(); }
    VectorView<const S, Space> params() const { return theta.view(); }
    VectorView<S, Space> grads() { return dtheta.view(); }
    std::vector<TensorInfo> tensors() const { return {{"theta", 1, 1, 0, true}}; }
  };

  /// Throws `ConfigError` when an option is out of its range.
  explicit AdversarialTemperature(AdversarialTemperatureOptions options = {})
      : options_(std::move(options)) {
    detail::check_temperature("AdversarialTemperature: lowest", options_.lowest);
    detail::check_temperature("AdversarialTemperature: range", options_.range);
    if (!detail::is_finite(options_.theta))
      throw ConfigError(
          detail::text("AdversarialTemperature: theta must be finite, got ", options_.theta));
    if (options_.ramp_epochs < 0)
      throw ConfigError(detail::text("AdversarialTemperature: ramp_epochs must be 0 or more, got ",
                                     options_.ramp_epochs));
    weights({});
  }

  const AdversarialTemperatureOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("AdversarialTemperature: weight", options_.weight, progress)};
  }

  /// What the gradient of theta is multiplied by, 0 to 1, before it is turned round.
  double strength(const Progress& progress) const {
    const Index epoch = progress.epoch() + 1;
    if (epoch >= options_.ramp_epochs) return 1;
    const double done = static_cast<double>(epoch) / static_cast<double>(options_.ramp_epochs);
    return (1 - std::cos(std::numbers::pi * done)) / 2;
  }

  /// The temperature that a theta stands for.
  double temperature(double theta) const {
    return options_.lowest + options_.range / (1 + std::exp(-theta));
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    if (!detail::is_finite(static_cast<S>(options_.theta)))
      throw ConfigError(detail::text("AdversarialTemperature: theta must be finite in ",
                                     detail::scalar_name<S>, ", got ", options_.theta));
    const Space& space = student.space();
    State<S, Space> state{Buffer<S, Space>(1, space), Buffer<S, Space>(1, space),
                          Buffer<S, Space>(capacity, space),
                          detail::make_sample_losses<1>(student, capacity)};
    const auto theta = static_cast<S>(options_.theta);
    op_upload(space, VectorView<const S>(&theta, 1), state.theta.view());
    return state;
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<S, Space>& state) const {
    const S scale = detail::batch_scale(weights(step.progress)[0], step);
    op_learned_temperature(
        step.space, step.student.logits(), step.teacher_logits,
        VectorView<const S, Space>(state.theta.view()), static_cast<S>(options_.lowest),
        static_cast<S>(options_.range), scale, -scale * static_cast<S>(strength(step.progress)),
        step.student.grad(step.student.depth()), state.dtheta.view(),
        state.losses.term(0, step.batch.size()), state.slopes.first(step.batch.size()));
    state.losses.add_to(step);
  }

 private:
  AdversarialTemperatureOptions options_;
};

}  // namespace kd
