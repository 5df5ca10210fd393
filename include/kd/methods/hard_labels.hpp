// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/loss/cross_entropy.hpp"
#include "kd/methods/hard_loss.hpp"

namespace kd {

struct HardLabelsOptions {
  Scheduled weight = 1;  ///< zero or more
};

/// A loss on the labels beside the methods that learn from a teacher:
/// `Distiller(teacher, student, HardLabels{}, DecoupledKd{})`.
///
/// It is the cross-entropy `mean_b (log sum_c exp(z_cb) - z_yb)` unless it is given another loss
/// on labels: `HardLabels(LabelSmoothing{{.smoothing = 0.1}}, {.weight = 0.5})`. z: student logits
/// (classes, batch); mean over the batch, in which samples count what the data set says
/// (`Dataset::with_weights`, ignored labels); gradient `weight` times that loss's.
template <LabelLoss L = CrossEntropy>
class HardLabels : public detail::HardLoss<L> {
 public:
  static constexpr const char* name = "HardLabels";
  static constexpr std::array<const char*, 1> terms{"hard"};
  static constexpr LabelNeed label_need() { return LabelNeed::some; }

  /// Throws `ConfigError` when the weight is negative or not finite.
  explicit HardLabels(HardLabelsOptions options = {}) requires std::default_initializable<L>
      : HardLabels(L{}, std::move(options)) {}
  explicit HardLabels(L loss, HardLabelsOptions options = {})
      : detail::HardLoss<L>("HardLabels: weight", std::move(loss), std::move(options.weight)) {}
};

HardLabels()->HardLabels<CrossEntropy>;
HardLabels(HardLabelsOptions)->HardLabels<CrossEntropy>;

}  // namespace kd
