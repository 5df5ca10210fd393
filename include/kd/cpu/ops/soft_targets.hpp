// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/distillation_loss.hpp"

namespace kd::cpu {

/// The two parts of distillation on logits in one pass over them (Hinton et al. 2015, section 2):
/// `hard[b] = cross-entropy(z_b, y_b)`, `soft[b] = T^2 KL(softmax(v_b/T) || softmax(z_b/T))`,
/// gradient `hard_scale (softmax(z) - onehot(y)) + soft_scale T (softmax(z/T) - softmax(v/T))`,
/// written or added as told. A part whose values are empty is left out.
template <Real S>
void op_soft_targets(const Space& space, MatrixView<const S> student, MatrixView<const S> teacher,
                     VectorView<const Label> labels, S temperature, S hard_scale, S soft_scale,
                     MatrixView<S> dlogits, Write write_dlogits, VectorView<S> hard,
                     VectorView<S> soft) {
  const detail::DistillationLoss<S> loss{student,    teacher,    labels,  temperature,
                                         hard_scale, soft_scale, dlogits, write_dlogits,
                                         hard,       soft};
  if (!hard.empty() && !soft.empty()) {
    detail::distillation_loss<true, true>(loss);
  } else if (!hard.empty()) {
    detail::distillation_loss<true, false>(loss);
  } else if (!soft.empty()) {
    detail::distillation_loss<false, true>(loss);
  } else if (write_dlogits == Write::overwrite) {
    op_zero(space, dlogits.flat());
  }
}

}  // namespace kd::cpu
