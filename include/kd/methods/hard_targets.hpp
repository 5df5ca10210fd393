// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/weighted_losses.hpp"
#include "kd/loss/mse.hpp"

namespace kd {

struct HardTargetsOptions {
  Scheduled weight = 1;  ///< zero or more
};

/// The squared error of the student's outputs beside the methods that learn from a teacher, for
/// regression: `Distiller(teacher, student, HardTargets{}, LogitMse{})`.
///
/// It is `mean_{c,b} (z_cb - t_cb)^2`. z: student outputs, t: the data set's targets, (outputs,
/// batch); mean over outputs and over the batch, in which samples count what the data set says
/// (`Dataset::with_weights`); gradient `weight 2 (z - t) / (C B)`.
class HardTargets : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr std::array<const char*, 1> terms{"targets"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }
  static constexpr bool reads_targets = true;

  /// Throws `ConfigError` when the weight is negative or not finite.
  explicit HardTargets(HardTargetsOptions options = {}) : options_(std::move(options)) {
    weights({});
  }

  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("HardTargets: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    return detail::make_weighted_losses<1>(student, capacity);
  }
  template <Real S, class Space>
  void prepare(const Dataset& data, WeightedLosses<S, Space>& losses) const {
    losses.prepare(data);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, WeightedLosses<S, Space>& losses) const {
    losses.accumulate(Mse{}, step, weights(step.progress)[0]);
    losses.add_to(step);
  }

 private:
  HardTargetsOptions options_;
};

}  // namespace kd
