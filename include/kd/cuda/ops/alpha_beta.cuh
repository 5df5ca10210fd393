// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/softmax_gap.cuh"
#include "kd/cuda/two_sums.cuh"

namespace kd::cuda {

namespace detail {

/// `(exp(x) - 1) / x` for `x <= 0`, 1 at 0.
template <Real S>
__device__ __forceinline__ S exp_slope(S x) {
  return x < -small_exponent<S> ? std::expm1(x) / x : S(1) + x * exp_remainder(x);
}

/// The divergence of two distributions with the powers `teacher` of p and `student` of q, class by
/// class (see cpu/ops/alpha_beta.hpp).
template <Real S>
struct AlphaBeta {
  S teacher, student;

  /// log p, log q and `gap = log p - log q`; the terms add up to the divergence.
  __device__ S term(S log_p, S log_q, S gap) const {
    const bool swap = teacher < student;
    const S log_first = swap ? log_q : log_p;
    const S log_second = swap ? log_p : log_q;
    const S d = swap ? -gap : gap;
    const S size = std::abs(d);
    const S larger = swap ? student : teacher;
    const S smaller = swap ? teacher : student;
    const S both = larger + smaller;
    if (larger == S(0)) return d * d * S(0.5);
    if (size * both <= small_exponent<S>) {
      const S series =
          (exp_remainder(d * -both) * both - exp_remainder(d * -smaller) * smaller) / larger;
      return std::exp(log_first * both) * d * d * series;
    }
    const bool leads = d > S(0);
    const S mixed =
        std::exp(log_first * (leads ? both : larger) + (leads ? S(0) : log_second * smaller));
    const S other = std::exp((leads ? log_first : log_second) * both);
    return d * (mixed * exp_slope(size * -smaller) - other * exp_slope(size * -both)) / larger;
  }

  /// The derivative of `term` by log q.
  __device__ S slope(S log_p, S log_q, S gap) const {
    const S of_teacher = gap > S(0) ? log_p : log_q;
    return -gap * std::exp(of_teacher * teacher + log_q * student) *
           exp_slope(std::abs(gap) * -teacher);
  }
};

template <Real S>
struct AlphaBetaKernel {
  const S* student;
  const S* teacher;
  Index classes;
  S temperature;
  AlphaBeta<S> divergence;
  S scale;
  S* dlogits;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const z = student + sample * classes;
    const S* const v = teacher + sample * classes;
    const S t = S(1) / temperature;
    const auto gap = SoftmaxGap<S>::template of<Team, Width>(z, v, classes, t);
    const S q_log_sum = std::log(gap.q_sum);
    const S p_log_sum = std::log(gap.p_sum);
    const auto log_q = [&](S z_c) { return (z_c - gap.z_max) * t - q_log_sum; };
    const auto log_p = [&](S v_c) { return (v_c - gap.v_max) * t - p_log_sum; };
    TwoSums<S> sums{S(0), S(0)};  // of the terms and of their slopes
    // One class at a time: a pack in so long a loop would not stay in registers.
    for_classes<Team, 1>(classes, [&](Index c) {
      const S d = gap.gap_of(z[c], v[c]);
      sums.first += divergence.term(log_p(v[c]), log_q(z[c]), d);
      sums.second += divergence.slope(log_p(v[c]), log_q(z[c]), d);
    });
    sums = Team::reduce(sums, AddBoth{});
    if (Team::rank() == 0) values[sample] = temperature * temperature * sums.first;
    if (dlogits == nullptr) return;
    const S factor = scale * temperature;
    for_classes<Team, Width>(classes, [&](Index c) {
      auto grad = load<Width>(z + c);
      const auto v_pack = load<Width>(v + c);
      for (int k = 0; k < Width; ++k) {
        const S z_c = grad.v[k], v_c = v_pack.v[k];
        grad.v[k] = factor * (divergence.slope(log_p(v_c), log_q(z_c), gap.gap_of(z_c, v_c)) -
                              sums.second * gap.q_of(z_c));
      }
      put(dlogits + sample * classes + c, grad, Write::add);
    });
  }
};

}  // namespace detail

/// `values[b] = T^2 sum_c [a/(a+b) p^(a+b) + b/(a+b) q^(a+b) - p^a q^b] / (a b)`,
/// `p = softmax(v_b/T)`, `q = softmax(z_b/T)`, a the teacher's power and b the student's, zero or
/// more; for a = 0 or b = 0 the limit (Wang et al. 2025). Gradient `T (h - q sum_c h)`,
/// `h = q^b (q^a - p^a) / a`.
template <Real S>
void op_alpha_beta(const Space& space, MatrixView<const S, Space> student,
                   MatrixView<const S, Space> teacher, S temperature, S teacher_power,
                   S student_power, S scale, MatrixView<S, Space> dlogits,
                   VectorView<S, Space> values) {
  const detail::AlphaBetaKernel<S> kernel{
      student.data, teacher.data, student.rows, temperature, {teacher_power, student_power},
      scale,        dlogits.data, values.data};
  detail::for_each_sample<S>(space, "alpha beta", student.rows, student.cols, kernel, student.data,
                             teacher.data, dlogits.data);
}

}  // namespace kd::cuda
