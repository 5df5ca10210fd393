// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/softmax_gap.cuh"

namespace kd::cuda {

namespace detail {

/// Both losses and the gradient. The logits are read for the maxima and sums, for the divergence
/// and for the gradient; of few classes all but the first time is from the first cache.
template <Real S>
struct SoftTargetsKernel {
  const S* student;
  const S* teacher;
  const Label* labels;
  Index classes;
  S temperature, hard_scale, soft_scale;
  S* dlogits;
  Write write;
  S* hard;
  S* soft;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const z = student + sample * classes;
    S* const dz = dlogits == nullptr ? nullptr : dlogits + sample * classes;
    const bool has_hard = hard != nullptr;
    const bool has_soft = soft != nullptr;
    const S* const v = has_soft ? teacher + sample * classes : z;
    const S t = S(1) / temperature;
    const auto q = softmax_sums<Team, Width>(z, classes, Softness<S>{has_hard, has_soft, t});
    const auto p =
        has_soft ? softmax_sums<Team, Width>(v, classes, Softness<S>{false, true, t}) : q;
    const Index y = has_hard ? labels[sample] : -1;
    if (has_hard && Team::rank() == 0) hard[sample] = std::log(q.plain) + q.max - z[y];
    SoftmaxGap<S> gap{};
    if (has_soft) {
      gap = SoftmaxGap<S>::template of<Team, Width>(z, v, q, p, classes, t);
      if (Team::rank() == 0) soft[sample] = temperature * temperature * gap.kl;
    }
    if (dz == nullptr) return;
    const S hard_factor = has_hard ? hard_scale / q.plain : S(0);
    const S soft_factor = soft_scale * temperature;
    for_classes<Team, Width>(classes, [&](Index c) {
      const Pack<S, Width> z_pack = load<Width>(z + c);
      const Pack<S, Width> v_pack = load<Width>(v + c);
      Pack<S, Width> grad{};
      if (write == Write::add) grad = load<Width>(dz + c);
      for (int k = 0; k < Width; ++k) {
        const S z_c = z_pack.v[k], v_c = v_pack.v[k];
        if (has_soft)
          grad.v[k] += soft_factor *
                       CloseTerms<S>(gap.p_of(v_c), gap.q_of(z_c), gap.gap_of(z_c, v_c)).change;
        if (has_hard)
          grad.v[k] += std::exp(z_c - q.max) * hard_factor - (c + k == y ? hard_scale : S(0));
      }
      store(dz + c, grad);
    });
  }
};

}  // namespace detail

/// The two parts of distillation on logits in one kernel (Hinton et al. 2015, section 2):
/// `hard[b] = cross-entropy(z_b, y_b)`, `soft[b] = T^2 KL(softmax(v_b/T) || softmax(z_b/T))`,
/// gradient `hard_scale (softmax(z) - onehot(y)) + soft_scale T (softmax(z/T) - softmax(v/T))`,
/// written or added as told. A part whose values are empty is left out.
template <Real S>
void op_soft_targets(const Space& space, MatrixView<const S, Space> student,
                     MatrixView<const S, Space> teacher, VectorView<const Label, Space> labels,
                     S temperature, S hard_scale, S soft_scale, MatrixView<S, Space> dlogits,
                     Write write_dlogits, VectorView<S, Space> hard, VectorView<S, Space> soft) {
  const detail::SoftTargetsKernel<S> kernel{student.data,  teacher.data, labels.data, student.rows,
                                            temperature,   hard_scale,   soft_scale,  dlogits.data,
                                            write_dlogits, hard.data,    soft.data};
  detail::for_each_sample<S>(space, "soft targets", student.rows, student.cols, kernel,
                             student.data, teacher.data, dlogits.data);
}

}  // namespace kd::cuda
