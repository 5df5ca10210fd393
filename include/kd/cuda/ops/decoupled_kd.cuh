// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/own_class.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct DecoupledKernel {
  const S* student;
  const S* teacher;
  const Label* labels;
  Index classes;
  S temperature, target_scale, rest_scale;
  S* dlogits;
  S* target;
  S* rest;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const z = student + sample * classes;
    const S* const v = teacher + sample * classes;
    const Index y = labels[sample];
    const S t = S(1) / temperature;
    const Softness<S> softness{false, true, t};
    const auto qs = softmax_sums<Team, Width>(z, classes, softness, y);
    const auto ps = softmax_sums<Team, Width>(v, classes, softness, y);
    const auto gap = SoftmaxGap<S>::template of<Team, Width>(z, v, qs, ps, classes, t, y);
    const Split<S> p_split((v[y] - ps.max) * t - std::log(ps.soft));
    const Split<S> q_split((z[y] - qs.max) * t - std::log(qs.soft));
    const BinaryGap<S> own(p_split, q_split, gap.raw_gap(z[y], v[y]) - gap.log_ratio());
    if (Team::rank() == 0) {
      target[sample] = temperature * temperature * own.kl;
      rest[sample] = temperature * temperature * gap.kl;
    }
    if (dlogits == nullptr) return;
    const S pull = temperature * target_scale * own.difference;
    const S factor = temperature * rest_scale;
    for_classes<Team, Width>(classes, [&](Index c) {
      auto grad = load<Width>(z + c);
      const auto v_pack = load<Width>(v + c);
      for (int k = 0; k < Width; ++k) {
        const S z_c = grad.v[k], v_c = v_pack.v[k];
        grad.v[k] = pull;
        if (c + k == y) continue;
        const S q = gap.q_of(z_c);
        grad.v[k] =
            factor * CloseTerms<S>(gap.p_of(v_c), q, gap.gap_of(z_c, v_c)).change - pull * q;
      }
      put(dlogits + sample * classes + c, grad, Write::add);
    });
  }
};

}  // namespace detail

/// The two parts of decoupled distillation (Zhao et al. 2022, equation 7), both times T^2:
/// `target[b] = KL([p_y, 1 - p_y] || [q_y, 1 - q_y])` and `rest[b] = KL(p^ || q^)`, `^` being a
/// distribution over the classes other than y. Gradient at y `T target_scale (q_y - p_y)`, at the
/// others `T (rest_scale (q^ - p^) - target_scale (q_y - p_y) q^)`.
template <Real S>
void op_decoupled_kd(const Space& space, MatrixView<const S, Space> student,
                     MatrixView<const S, Space> teacher, VectorView<const Label, Space> labels,
                     S temperature, S target_scale, S rest_scale, MatrixView<S, Space> dlogits,
                     VectorView<S, Space> target, VectorView<S, Space> rest) {
  const detail::DecoupledKernel<S> kernel{student.data, teacher.data, labels.data, student.rows,
                                          temperature,  target_scale, rest_scale,  dlogits.data,
                                          target.data,  rest.data};
  detail::for_each_sample<S>(space, "decoupled", student.rows, student.cols, kernel, student.data,
                             teacher.data, dlogits.data);
}

}  // namespace kd::cuda
