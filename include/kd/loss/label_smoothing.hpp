// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/core/to_labels.hpp"
#include "kd/cpu/ops/label_smoothing.hpp"
#include "kd/loss/loss.hpp"

namespace kd {

struct LabelSmoothingOptions {
  double smoothing = 0.1;  ///< what the class of a sample gives up, in [0, 1)
  static constexpr std::array names{"smoothing"};
};

/// Cross-entropy with smoothed labels: `L_b = -sum_c u_c log softmax(z_b)_c`,
/// `u = (1 - smoothing) onehot(y_b) + smoothing / C`: the class of the sample keeps
/// `1 - smoothing + smoothing / C`.
///
/// It is what distillation from a teacher that knows nothing but the labels comes to, and takes
/// the place of one: `fit(student, data, LabelSmoothing{}, Adam{})`; in a distiller,
/// `HardLabels(LabelSmoothing{})`. logits: (classes, batch); labels: (batch). Mean over the batch;
/// gradient `(softmax(z) - u) / batch`. As PyTorch's `CrossEntropyLoss(label_smoothing)`. Source:
/// Szegedy et al., "Rethinking the Inception architecture", 2016, section 7.
class LabelSmoothing : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;
  static constexpr const char* name = "LabelSmoothing";

  template <Real S, class Space>
  using Target = LabelTarget<S, Space>;

  /// Throws `ConfigError` unless the smoothing is in `[0, 1)`.
  explicit LabelSmoothing(LabelSmoothingOptions options = {}) : options_(options) {
    detail::check_share<float>("LabelSmoothing: smoothing", options.smoothing);
  }

  double smoothing() const { return options_.smoothing; }
  const LabelSmoothingOptions& options() const { return options_; }

  template <Real S, class Space>
  void accumulate(const LossStep<S, Space, LabelTarget<S, Space>>& step) const {
    op_label_smoothing(step.space, step.logits, step.target, static_cast<S>(options_.smoothing),
                       step.scale, step.dlogits, step.write_dlogits, step.values);
  }

  /// The mean loss of a batch and its gradient. Throws `ShapeError` when there are not as many
  /// labels as samples or they are a matrix, `DataError` when a label is out of range.
  template <class Derived, detail::LabelSource L>
  auto operator()(const Eigen::MatrixBase<Derived>& logits, const L& labels) const {
    using S = typename Derived::Scalar;
    const Labels classes = detail::to_labels(labels);
    detail::check_equal("LabelSmoothing", "labels", logits.cols(), classes.size());
    detail::check_labels(view(classes), logits.rows());
    return detail::evaluate_loss<S>(*this, logits.derived(), view(classes));
  }

 private:
  LabelSmoothingOptions options_;
};

static_assert(LabelLoss<LabelSmoothing>);

}  // namespace kd
