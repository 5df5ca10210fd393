// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/log_softmax.cuh"
#include "kd/cuda/two_sums.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct GeneralizedJsdKernel {
  const S* student;
  const S* teacher;
  Index classes;
  S temperature, beta, log_beta, log_rest, scale;
  S* dlogits;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * classes;
    const auto q =
        LogSoftmax<S>::template of<Team, Width>(student + first, classes, S(1) / temperature);
    const auto p =
        LogSoftmax<S>::template of<Team, Width>(teacher + first, classes, S(1) / temperature);
    TwoSums<S> kl{S(0), S(0)};  // KL(p || m), KL(q || m)
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto log_q = q.template at<Width>(c);
      const auto log_p = p.template at<Width>(c);
      for (int k = 0; k < Width; ++k) {
        const S log_m = log_add(log_p.v[k] + log_beta, log_q.v[k] + log_rest);
        kl.first += std::exp(log_p.v[k]) * (log_p.v[k] - log_m);
        kl.second += std::exp(log_q.v[k]) * (log_q.v[k] - log_m);
      }
    });
    kl = Team::reduce(kl, AddBoth{});
    if (Team::rank() == 0)
      values[sample] =
          temperature * temperature * at_least_zero(beta * kl.first + (S(1) - beta) * kl.second);
    if (dlogits == nullptr) return;
    const S factor = scale * temperature * (S(1) - beta);
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto log_q = q.template at<Width>(c);
      const auto log_p = p.template at<Width>(c);
      Pack<S, Width> grad;
      for (int k = 0; k < Width; ++k) {
        const S log_m = log_add(log_p.v[k] + log_beta, log_q.v[k] + log_rest);
        grad.v[k] = factor * std::exp(log_q.v[k]) * (log_q.v[k] - log_m - kl.second);
      }
      put(dlogits + first + c, grad, Write::add);
    });
  }
};

}  // namespace detail

/// `values[b] = T^2 [beta KL(p || m) + (1 - beta) KL(q || m)]`, `m = beta p + (1 - beta) q`, beta
/// in (0, 1); gradient `T (1 - beta) q (log q - log m - KL(q || m))`.
template <Real S>
void op_generalized_jsd(const Space& space, MatrixView<const S, Space> student,
                        MatrixView<const S, Space> teacher, S temperature, S beta, S scale,
                        MatrixView<S, Space> dlogits, VectorView<S, Space> values) {
  const detail::GeneralizedJsdKernel<S> kernel{
      student.data,   teacher.data,      student.rows, temperature,  beta,
      std::log(beta), std::log1p(-beta), scale,        dlogits.data, values.data};
  detail::for_each_sample<S>(space, "generalized jsd", student.rows, student.cols, kernel,
                             student.data, teacher.data, dlogits.data);
}

}  // namespace kd::cuda
