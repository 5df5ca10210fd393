// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/softmax_gap.cuh"

namespace kd::cuda {

namespace detail {

/// How softmax divides between a class and the others, from the log-odds of the class.
template <Real S>
struct Split {
  S log_own, log_rest;

  __device__ explicit Split(S log_odds) {
    const S softplus = std::log1p(std::exp(-std::abs(log_odds)));
    log_own = (log_odds < S(0) ? log_odds : S(0)) - softplus;
    log_rest = (log_odds > S(0) ? -log_odds : S(0)) - softplus;
  }
};

/// `KL([p, 1 - p] || [q, 1 - q])` and `q - p`.
template <Real S>
struct BinaryGap {
  S kl, difference;

  /// `gap` is how much larger the log-odds of p are.
  __device__ BinaryGap(Split<S> p, Split<S> q, S gap) {
    const S p_own = std::exp(p.log_own), p_rest = std::exp(p.log_rest);
    const S q_own = std::exp(q.log_own), q_rest = std::exp(q.log_rest);
    kl = p_own * (p.log_own - q.log_own) + p_rest * (p.log_rest - q.log_rest);
    difference = q_own - p_own;
    if (!(kl < S(close_divergence))) return;
    const S lift = std::exp(kl);
    const CloseTerms<S> own(p_own, q_own * lift, p_rest * gap);
    const CloseTerms<S> rest(p_rest, q_rest * lift, -p_own * gap);
    const S excess = own.excess + rest.excess;
    kl = std::log1p(excess);
    difference = (own.change - excess * p_own) / (S(1) + excess);
  }
};

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
