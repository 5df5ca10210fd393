// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/softmax_gap.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct WttmKernel {
  const S* student;
  const S* teacher;
  Index classes;
  S temperature;
  bool is_weighted;
  S scale;
  S* dlogits;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const z = student + sample * classes;
    const S* const v = teacher + sample * classes;
    const S t = S(1) / temperature;
    const auto q = softmax_sums<Team, Width>(z, classes, Softness<S>{true, false, S(1)});
    const auto p = softmax_sums<Team, Width>(v, classes, Softness<S>{is_weighted, true, t});
    const S weight = is_weighted ? std::exp(std::log(p.soft) - t * std::log(p.plain)) : S(1);
    // The student's logits beside the teacher's softened ones, of which the largest is 0.
    const auto soft = [&](S v_c) { return (v_c - p.max) * t; };
    SoftmaxGap<S> gap{nullptr, nullptr, S(1), q.max, S(0), q.plain, p.soft};
    gap.template compare<Team>([&](auto add) {
      for_classes<Team, Width>(classes, [&](Index c) {
        const auto z_pack = load<Width>(z + c);
        const auto v_pack = load<Width>(v + c);
        for (int k = 0; k < Width; ++k) add(z_pack.v[k], soft(v_pack.v[k]), S(1));
      });
    });
    if (Team::rank() == 0) values[sample] = weight * gap.kl;
    if (dlogits == nullptr) return;
    const S factor = scale * weight;
    for_classes<Team, Width>(classes, [&](Index c) {
      auto grad = load<Width>(z + c);
      const auto v_pack = load<Width>(v + c);
      for (int k = 0; k < Width; ++k) {
        const S z_c = grad.v[k], v_c = soft(v_pack.v[k]);
        grad.v[k] =
            factor * CloseTerms<S>(gap.p_of(v_c), gap.q_of(z_c), gap.gap_of(z_c, v_c)).change;
      }
      put(dlogits + sample * classes + c, grad, Write::add);
    });
  }
};

}  // namespace detail

/// `values[b] = U KL(p~ || q)`, `p~ = softmax(v_b/T)`, `q = softmax(z_b)`, with
/// `U = sum_c p_c^(1/T)`, `p = softmax(v_b)`, or 1 (Zheng and Yang 2024); gradient `U (q - p~)`.
template <Real S>
void op_wttm(const Space& space, MatrixView<const S, Space> student,
             MatrixView<const S, Space> teacher, S temperature, bool is_weighted, S scale,
             MatrixView<S, Space> dlogits, VectorView<S, Space> values) {
  const detail::WttmKernel<S> kernel{student.data, teacher.data, student.rows, temperature,
                                     is_weighted,  scale,        dlogits.data, values.data};
  detail::for_each_sample<S>(space, "wttm", student.rows, student.cols, kernel, student.data,
                             teacher.data, dlogits.data);
}

}  // namespace kd::cuda
