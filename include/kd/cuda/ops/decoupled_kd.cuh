// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/softmax.cuh"

namespace kd::cuda {

namespace detail {

/// How softmax divides between one class and the others: the logarithms of both shares, and the
/// maximum and sum of the others among themselves.
template <Real S>
struct Split {
  S log_own, log_rest, max, sum;

  template <class Team, int Width>
  __device__ static Split of(const S* z, Index classes, Index own, S inverse_temperature) {
    const auto others =
        softmax_sums<Team, Width>(z, classes, Softness<S>{false, true, inverse_temperature}, own);
    // The log-odds of the class.
    const S lead = (z[own] - others.max) * inverse_temperature - std::log(others.soft);
    const S softplus = std::log1p(std::exp(-std::abs(lead)));
    return {(lead < S(0) ? lead : S(0)) - softplus, (lead > S(0) ? -lead : S(0)) - softplus,
            others.max, others.soft};
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
    const auto zs = Split<S>::template of<Team, Width>(z, classes, y, t);
    const auto vs = Split<S>::template of<Team, Width>(v, classes, y, t);
    const S p_own = std::exp(vs.log_own);
    const S pull = temperature * target_scale * (std::exp(zs.log_own) - p_own);
    const S q_factor = (temperature * rest_scale - pull) / zs.sum;
    const S p_factor = temperature * rest_scale / vs.sum;
    S gap = 0;
    for_classes<Team, Width>(classes, [&](Index c) {
      const Pack<S, Width> z_pack = load<Width>(z + c);
      const Pack<S, Width> v_pack = load<Width>(v + c);
      Pack<S, Width> grad;
      for (int k = 0; k < Width; ++k) {
        const bool own = c + k == y;
        const S z_gap = z_pack.v[k] - zs.max;
        const S v_gap = v_pack.v[k] - vs.max;
        const S p = own ? S(0) : std::exp(v_gap * t);
        const S q = own ? S(0) : std::exp(z_gap * t);
        if (!own) gap += p * (v_gap - z_gap);
        grad.v[k] = own ? pull : q_factor * q - p_factor * p;
      }
      if (dlogits != nullptr) put(dlogits + sample * classes + c, grad, Write::add);
    });
    gap = Team::reduce(gap, Sum{});
    if (Team::rank() != 0) return;
    const S square = temperature * temperature;
    target[sample] = square * at_least_zero(p_own * (vs.log_own - zs.log_own) +
                                            std::exp(vs.log_rest) * (vs.log_rest - zs.log_rest));
    rest[sample] = square * at_least_zero(gap * t / vs.sum - (std::log(vs.sum) - std::log(zs.sum)));
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
