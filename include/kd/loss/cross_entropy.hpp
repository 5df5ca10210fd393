// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/to_labels.hpp"
#include "kd/cpu/ops/cross_entropy.hpp"
#include "kd/loss/loss.hpp"

namespace kd {

/// Cross-entropy of logits with labels: `L_b = log sum_c exp(z_cb) - z_yb`.
///
/// logits: (classes, batch), not probabilities; labels: (batch) in `[0, classes)`. Mean over the
/// batch; gradient `(softmax(z) - onehot(y)) / batch`. The largest logit is subtracted before
/// every exponential, so that logits of 1e4 do no harm.
struct CrossEntropy {
  static constexpr const char* name = "CrossEntropy";

  template <Real S, class Space>
  using Target = LabelTarget<S, Space>;

  template <Real S, class Space>
  void accumulate(const LossStep<S, Space, LabelTarget<S, Space>>& step) const {
    op_cross_entropy(step.space, step.logits, step.target, step.scale, step.dlogits,
                     step.write_dlogits, step.values);
  }

  /// The mean loss of a batch and its gradient. Throws `ShapeError` when there are not as many
  /// labels as samples or they are a matrix, `DataError` when a label is out of range.
  template <class Derived, detail::LabelSource L>
  auto operator()(const Eigen::MatrixBase<Derived>& logits, const L& labels) const {
    using S = typename Derived::Scalar;
    const Labels classes = detail::to_labels(labels);
    detail::check_equal("CrossEntropy", "labels", logits.cols(), classes.size());
    detail::check_labels(view(classes), logits.rows());
    return detail::evaluate_loss<S>(*this, logits.derived(), view(classes));
  }
};

static_assert(LabelLoss<CrossEntropy>);

}  // namespace kd
