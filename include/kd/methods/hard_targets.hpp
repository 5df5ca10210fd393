// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/loss/mse.hpp"
#include "kd/methods/hard_loss.hpp"

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
class HardTargets : detail::NamedOptions, public detail::HardLoss<Mse> {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "HardTargets";
  static constexpr std::array<const char*, 1> terms{"targets"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }
  static constexpr bool reads_targets = true;

  /// Throws `ConfigError` when the weight is negative or not finite.
  explicit HardTargets(HardTargetsOptions options = {})
      : HardLoss("HardTargets: weight", Mse{}, std::move(options.weight)) {}
};

}  // namespace kd
