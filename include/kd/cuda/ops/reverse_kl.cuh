// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/softmax_gap.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct ReverseKlKernel {
  const S* student;
  const S* teacher;
  Index classes;
  S temperature, scale;
  S* dlogits;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * classes;
    const auto gap = SoftmaxGap<S>::template of<Team, Width>(student + first, teacher + first,
                                                             classes, S(1) / temperature);
    S kl = 0;
    gap.template for_each<Team, Width>(
        classes, -1, [&](Index, S q, S p, S d) { kl += CloseTerms<S>(q, p, -d).excess; });
    kl = Team::reduce(kl, Sum{});
    if (Team::rank() == 0) values[sample] = temperature * temperature * kl;
    if (dlogits == nullptr) return;
    const S factor = -scale * temperature;
    gap.template add_gradient<Team, Width>(classes, dlogits + first,
                                           [&](S q, S, S d) { return factor * q * (d + kl); });
  }
};

}  // namespace detail

/// `values[b] = T^2 KL(q || p)`, `p = softmax(v_b/T)`, `q = softmax(z_b/T)`, gradient
/// `T q (log q - log p - KL(q || p))`.
template <Real S>
void op_reverse_kl(const Space& space, MatrixView<const S, Space> student,
                   MatrixView<const S, Space> teacher, S temperature, S scale,
                   MatrixView<S, Space> dlogits, VectorView<S, Space> values) {
  const detail::ReverseKlKernel<S> kernel{student.data, teacher.data, student.rows, temperature,
                                          scale,        dlogits.data, values.data};
  detail::for_each_sample<S>(space, "reverse kl", student.rows, student.cols, kernel, student.data,
                             teacher.data, dlogits.data);
}

}  // namespace kd::cuda
