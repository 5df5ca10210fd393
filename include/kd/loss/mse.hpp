// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/ops/squared_error.hpp"
#include "kd/loss/loss.hpp"

namespace kd {

/// Mean squared error of outputs against targets: `L_b = mean_c (z_cb - t_cb)^2`.
///
/// outputs and targets: (features, batch). Mean over features and batch, as PyTorch's `MSELoss`;
/// gradient `2 (z - t) / (features batch)`.
struct Mse {
  static constexpr const char* name = "Mse";

  template <Real S, class Space>
  using Target = MatrixTarget<S, Space>;

  template <Real S, class Space>
  void accumulate(const LossStep<S, Space, MatrixTarget<S, Space>>& step) const {
    op_squared_error(step.space, step.logits, step.target, step.scale, step.dlogits,
                     step.write_dlogits, step.values);
  }

  /// The mean loss of a batch and its gradient with respect to the outputs. Throws `ShapeError`
  /// when the two differ in shape.
  template <class Outputs, class Targets>
  auto operator()(const Eigen::MatrixBase<Outputs>& outputs,
                  const Eigen::MatrixBase<Targets>& targets) const {
    using S = typename Outputs::Scalar;
    detail::check_equal("Mse", "target features", outputs.rows(), targets.rows());
    detail::check_equal("Mse", "target samples", outputs.cols(), targets.cols());
    const Matrix<S> target = targets;
    return detail::evaluate_loss<S>(*this, outputs.derived(), view(target));
  }
};

static_assert(Loss<Mse>);

}  // namespace kd
