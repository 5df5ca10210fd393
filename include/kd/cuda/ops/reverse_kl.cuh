// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/log_softmax.cuh"

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
    const auto q =
        LogSoftmax<S>::template of<Team, Width>(student + first, classes, S(1) / temperature);
    const auto p =
        LogSoftmax<S>::template of<Team, Width>(teacher + first, classes, S(1) / temperature);
    S kl = 0;
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto log_q = q.template at<Width>(c);
      const auto log_p = p.template at<Width>(c);
      for (int k = 0; k < Width; ++k) kl += std::exp(log_q.v[k]) * (log_q.v[k] - log_p.v[k]);
    });
    kl = Team::reduce(kl, Sum{});
    if (Team::rank() == 0) values[sample] = temperature * temperature * at_least_zero(kl);
    if (dlogits == nullptr) return;
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto log_q = q.template at<Width>(c);
      const auto log_p = p.template at<Width>(c);
      Pack<S, Width> grad;
      for (int k = 0; k < Width; ++k)
        grad.v[k] = scale * temperature * std::exp(log_q.v[k]) * (log_q.v[k] - log_p.v[k] - kl);
      put(dlogits + first + c, grad, Write::add);
    });
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
