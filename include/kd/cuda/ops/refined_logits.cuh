// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/ops/argmax.cuh"
#include "kd/cuda/own_class.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct RefinedLogitsKernel {
  const S* student;
  const S* teacher;
  const Label* labels;
  Index classes;
  S own_temperature, temperature, own_scale, others_scale;
  S* dlogits;
  S* own;
  S* others;

  /// The teacher's likeliest class, y where it is as likely as any.
  template <class Team, int Width>
  __device__ Index likeliest_class(const S* v, Index y) const {
    Largest<S> best{v[y], static_cast<decltype(best.at)>(y)};
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto pack = load<Width>(v + c);
      for (int k = 0; k < Width; ++k)
        if (pack.v[k] > best.value) best = {pack.v[k], static_cast<decltype(best.at)>(c + k)};
    });
    best = Team::reduce(best, LargerFirst{});
    return best.value > v[y] ? static_cast<Index>(best.at) : y;
  }

  /// What is known of y, as if the teacher had said of it what it says of its likeliest class.
  template <class Team, int Width>
  __device__ SoftmaxGap<S> compare_own(const S* z, const S* v, Index y, Index likeliest,
                                       S cooling) const {
    const Softness<S> softness{false, true, cooling};
    const auto q = softmax_sums<Team, Width>(z, classes, softness, y);
    const auto p = softmax_sums<Team, Width>(v, classes, softness, likeliest);
    SoftmaxGap<S> gap{z, v, cooling, q.max, p.max, q.soft, p.soft};
    gap.template compare<Team>([&](auto add) {
      for_classes<Team, Width>(classes, [&](Index c) {
        const auto z_pack = load<Width>(z + c);
        const auto v_pack = load<Width>(v + c);
        for (int k = 0; k < Width; ++k)
          if (c + k != y) add(z_pack.v[k], c + k == likeliest ? v[y] : v_pack.v[k], S(1));
      });
    });
    return gap;
  }

  /// The classes of which the teacher's logit is below that of y; without any, no divergence.
  template <class Team, int Width>
  __device__ SoftmaxGap<S> compare_below(const S* z, const S* v, S limit, S cooling) const {
    const auto visit = [&](auto add) {
      for_classes<Team, Width>(classes, [&](Index c) {
        const auto z_pack = load<Width>(z + c);
        const auto v_pack = load<Width>(v + c);
        for (int k = 0; k < Width; ++k)
          if (v_pack.v[k] < limit) add(z_pack.v[k], v_pack.v[k], S(1));
      });
    };
    const MergeSums<S> merge{{false, true, cooling}};
    SoftmaxSums<S> q = no_sums<S>(), p = no_sums<S>();
    visit([&](S z_c, S v_c, S) {
      merge.add(q, z_c);
      merge.add(p, v_c);
    });
    q = Team::reduce(q, merge);
    p = Team::reduce(p, merge);
    SoftmaxGap<S> gap{z, v, cooling, q.max, p.max, q.soft, p.soft};
    if (p.soft > S(0)) gap.template compare<Team>(visit);
    return gap;
  }

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const z = student + sample * classes;
    const S* const v = teacher + sample * classes;
    const Index y = labels[sample];
    const Index likeliest = likeliest_class<Team, Width>(v, y);
    const S t = S(1) / own_temperature;
    const auto rest = compare_own<Team, Width>(z, v, y, likeliest, t);
    const Split<S> p_split((v[likeliest] - rest.v_max) * t - std::log(rest.p_sum));
    const Split<S> q_split((z[y] - rest.z_max) * t - std::log(rest.q_sum));
    const BinaryGap<S> share(p_split, q_split, rest.raw_gap(z[y], v[likeliest]) - rest.log_ratio());
    const auto below = compare_below<Team, Width>(z, v, v[y], S(1) / temperature);
    if (Team::rank() == 0) {
      own[sample] = own_temperature * own_temperature * share.kl;
      others[sample] = temperature * temperature * below.kl;
    }
    if (dlogits == nullptr) return;
    const S pull = own_temperature * own_scale * share.difference;
    const S factor = temperature * others_scale;
    for_classes<Team, Width>(classes, [&](Index c) {
      auto grad = load<Width>(z + c);
      const auto v_pack = load<Width>(v + c);
      for (int k = 0; k < Width; ++k) {
        const S z_c = grad.v[k], v_c = v_pack.v[k];
        grad.v[k] = c + k == y ? pull : -pull * rest.q_of(z_c);
        if (v_c < v[y])
          grad.v[k] +=
              factor *
              CloseTerms<S>(below.p_of(v_c), below.q_of(z_c), below.gap_of(z_c, v_c)).change;
      }
      put(dlogits + sample * classes + c, grad, Write::add);
    });
  }
};

}  // namespace detail

/// The two parts of distillation with refined logits (Sun et al. 2025), each times the square of
/// its temperature: `own[b] = KL([max p, 1 - max p] || [q_y, 1 - q_y])` at T_own and
/// `others[b] = KL(p^ || q^)` at T, `^` being a distribution over the classes whose teacher logit
/// is below that of y; 0 when there is none. Gradient `T_own own_scale (q_y - max p)` at y and as
/// much less, as q shares it out, at the others; `T others_scale (q^ - p^)`.
template <Real S>
void op_refined_logits(const Space& space, MatrixView<const S, Space> student,
                       MatrixView<const S, Space> teacher, VectorView<const Label, Space> labels,
                       S own_temperature, S temperature, S own_scale, S others_scale,
                       MatrixView<S, Space> dlogits, VectorView<S, Space> own,
                       VectorView<S, Space> others) {
  const detail::RefinedLogitsKernel<S> kernel{
      student.data, teacher.data, labels.data,  student.rows, own_temperature, temperature,
      own_scale,    others_scale, dlogits.data, own.data,     others.data};
  detail::for_each_sample<S>(space, "refined logits", student.rows, student.cols, kernel,
                             student.data, teacher.data, dlogits.data);
}

}  // namespace kd::cuda
