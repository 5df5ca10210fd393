// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/softmax_gap.cuh"

namespace kd::cuda {

namespace detail {

/// One class in the softmax of all: the exponential of its logit and the sum of the others', the
/// larger of which is about 1.
template <Real S>
struct OwnShare {
  S max, own, rest, shifted;

  /// The sums are those over the other classes.
  __device__ OwnShare(S z, const SoftmaxSums<S>& others) {
    max = others.max > z ? others.max : z;
    shifted = z - max;
    own = std::exp(shifted);
    rest = others.plain * std::exp(others.max - max);
  }
  __device__ S share() const { return own / (own + rest); }
  /// What is small beside 1 stays apart from it: of a sure student the loss is the rest.
  __device__ S log_share() const { return shifted - std::log1p((own - S(1)) + rest); }
};

template <Real S>
struct NkdKernel {
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
    const Softness<S> softness{true, true, t};
    const auto qs = softmax_sums<Team, Width>(z, classes, softness, y);
    const auto ps = softmax_sums<Team, Width>(v, classes, softness, y);
    const OwnShare<S> q_own(z[y], qs);
    const S p_own = OwnShare<S>(v[y], ps).share();
    const auto gap = SoftmaxGap<S>::template of<Team, Width>(z, v, qs, ps, classes, t, y);
    S mean = 0;
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto z_pack = load<Width>(z + c);
      const auto v_pack = load<Width>(v + c);
      for (int k = 0; k < Width; ++k)
        if (c + k != y) mean += gap.p_of(v_pack.v[k]) * ((z_pack.v[k] - qs.max) * t);
    });
    mean = Team::reduce(mean, Sum{});
    if (Team::rank() == 0) {
      target[sample] = -p_own * q_own.log_share();
      rest[sample] = temperature * temperature * (std::log(qs.soft) - mean);
    }
    if (dlogits == nullptr) return;
    const S pull = target_scale * p_own / (q_own.own + q_own.rest);
    const S factor = temperature * rest_scale;
    for_classes<Team, Width>(classes, [&](Index c) {
      auto grad = load<Width>(z + c);
      const auto v_pack = load<Width>(v + c);
      for (int k = 0; k < Width; ++k) {
        const S z_c = grad.v[k], v_c = v_pack.v[k];
        grad.v[k] = -pull * q_own.rest;
        if (c + k == y) continue;
        grad.v[k] =
            pull * std::exp(z_c - q_own.max) +
            factor * CloseTerms<S>(gap.p_of(v_c), gap.q_of(z_c), gap.gap_of(z_c, v_c)).change;
      }
      put(dlogits + sample * classes + c, grad, Write::add);
    });
  }
};

}  // namespace detail

/// The two parts of normalised distillation (Yang et al. 2023):
/// `target[b] = -p_y log q_y` of plain softmaxes and `rest[b] = -T^2 sum_c p^_c log q^_c`, `^`
/// being a distribution at T over the classes other than y. Gradient `target_scale p_y (q -
/// onehot(y)) + T rest_scale (q^ - p^)`, the second not at y.
template <Real S>
void op_nkd(const Space& space, MatrixView<const S, Space> student,
            MatrixView<const S, Space> teacher, VectorView<const Label, Space> labels,
            S temperature, S target_scale, S rest_scale, MatrixView<S, Space> dlogits,
            VectorView<S, Space> target, VectorView<S, Space> rest) {
  const detail::NkdKernel<S> kernel{student.data, teacher.data, labels.data, student.rows,
                                    temperature,  target_scale, rest_scale,  dlogits.data,
                                    target.data,  rest.data};
  detail::for_each_sample<S>(space, "nkd", student.rows, student.cols, kernel, student.data,
                             teacher.data, dlogits.data);
}

}  // namespace kd::cuda
