// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/softmax_gap.cuh"
#include "kd/cuda/two_sums.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct GeneralizedJsdKernel {
  const S* student;
  const S* teacher;
  Index classes;
  S temperature, beta, scale;
  S* dlogits;
  S* values;

  /// `log(larger) - log m` of p and q, given `d = log p - log q`.
  __device__ __forceinline__ S larger_gap(S d) const {
    const S share = d > S(0) ? S(1) - beta : beta;
    return -std::log1p(share * std::expm1(-std::abs(d)));
  }

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * classes;
    const auto gap = SoftmaxGap<S>::template of<Team, Width>(student + first, teacher + first,
                                                             classes, S(1) / temperature);
    const S rest = S(1) - beta;
    TwoSums<S> kl{S(0), S(0)};  // KL(p || m), KL(q || m)
    gap.template for_each<Team, Width>(classes, -1, [&](Index, S q, S p, S d) {
      const S m = beta * p + rest * q;
      const S larger = larger_gap(d);
      kl.first += CloseTerms<S>(p, m, d > S(0) ? larger : larger + d).excess;
      kl.second += CloseTerms<S>(q, m, d > S(0) ? larger - d : larger).excess;
    });
    kl = Team::reduce(kl, AddBoth{});
    if (Team::rank() == 0)
      values[sample] = temperature * temperature * (beta * kl.first + rest * kl.second);
    if (dlogits == nullptr) return;
    const S factor = scale * temperature * rest;
    gap.template add_gradient<Team, Width>(classes, dlogits + first, [&](S q, S, S d) {
      return factor * q * (larger_gap(d) - (d > S(0) ? d : S(0)) - kl.second);
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
  const detail::GeneralizedJsdKernel<S> kernel{student.data, teacher.data, student.rows,
                                               temperature,  beta,         scale,
                                               dlogits.data, values.data};
  detail::for_each_sample<S>(space, "generalized jsd", student.rows, student.cols, kernel,
                             student.data, teacher.data, dlogits.data);
}

}  // namespace kd::cuda
