// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <functional>

#include "kd/core/cache_line.hpp"
#include "kd/cpu/divergence.hpp"
#include "kd/cpu/exponential.hpp"
#include "kd/cpu/logits.hpp"
#include "kd/cpu/prefetch.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/space.hpp"

/// Cross-entropy and Hinton's soft targets, which nearly every step runs, in one pass over blocks
/// of samples. Every exponential is taken after the largest logit is subtracted.
namespace kd::cpu::detail {

/// What the two parts of distillation on logits are given; a part whose `values` are empty is left
/// out.
template <Real S>
struct DistillationLoss {
  MatrixView<const S> student;
  MatrixView<const S> teacher;
  VectorView<const Label> labels;
  S temperature;
  S hard_scale;
  S soft_scale;
  MatrixView<S> dlogits;
  Write write_dlogits;
  VectorView<S> hard;
  VectorView<S> soft;
};

/// What is found out about a block of logits (see logits.hpp), all (Lanes, classes).
template <Real S, int Lanes>
struct DistillationBlock : SoftmaxPair<S, Lanes> {
  S* hard;  // exp(z - max z)
  PerSample<S, Lanes> hard_sum{};
  PerSample<S, Lanes> gap{};  // sum_c p_c (log p_c - log q_c) T, so far
};

/// All exponentials and their sums in one pass. Of one sample with many classes it is all
/// arithmetic, while the look for the largest logit, which comes before it, is all waiting for
/// memory: so it asks for the next sample's logits, which lie `to_next` elements further on.
template <bool Hard, bool Soft, int Lanes, Real S>
void take_exponentials(DistillationBlock<S, Lanes>& block, S cooling, Index to_next) {
  for_slices<Lanes, S>(block.classes, [&]<Index N>(const Slice<N>& slice) {
    using Vector = simd::Vector<S, N>;
    const Vector z_max = of_lanes(block.z_max, slice);
    const Vector v_max = of_lanes(block.v_max, slice);
    Vector hard_sum{}, q_sum{}, p_sum{}, gap{};
    for (Index i = 0; i < slice.count; ++i) {
      const Index at = slice.first + i * slice.stride;
      if constexpr (Lanes == 1) {
        prefetch(block.z + to_next + at);
        if constexpr (Soft) prefetch(block.v + to_next + at);
      }
      const Vector z = simd::load<N>(block.z + at) - z_max;
      if constexpr (Hard) {
        const Vector hard = simd::exp_not_positive<N, S>(z);
        simd::store(hard, block.hard + at);
        hard_sum += hard;
      }
      if constexpr (Soft) {
        const Vector v = simd::load<N>(block.v + at) - v_max;
        const Vector q = simd::exp_not_positive<N, S>(z * cooling);
        const Vector p = simd::exp_not_positive<N, S>(v * cooling);
        simd::store(q, block.q + at);
        simd::store(p, block.p + at);
        q_sum += q;
        p_sum += p;
        gap += p * (v - z);
      }
    }
    merge(hard_sum, slice, block.hard_sum, std::plus<>());
    merge(q_sum, slice, block.q_sum, std::plus<>());
    merge(p_sum, slice, block.p_sum, std::plus<>());
    merge(gap, slice, block.gap, std::plus<>());
  });
}

/// `dz = hard_scale softmax(z) + soft_scale T (softmax(z/T) - softmax(v/T))`, written or added.
template <bool Hard, bool Soft, int Lanes, Real S>
void softmax_gradient(const DistillationBlock<S, Lanes>& block, S hard_scale, S soft_scale, S* dz,
                      Write write) {
  const auto over = [](S scale, const PerSample<S, Lanes>& sums) {
    return by_lanes<S, Lanes>([&](auto of) { return scale / of(sums); });
  };
  const PerSample<S, Lanes> hard_factors = over(hard_scale, block.hard_sum);
  const PerSample<S, Lanes> q_factors = over(soft_scale, block.q_sum);
  const PerSample<S, Lanes> p_factors = over(soft_scale, block.p_sum);
  for_slices<Lanes, S>(block.classes, [&]<Index N>(const Slice<N>& slice) {
    using Vector = simd::Vector<S, N>;
    const Vector hard_factor = of_lanes(hard_factors, slice);
    const Vector q_factor = of_lanes(q_factors, slice);
    const Vector p_factor = of_lanes(p_factors, slice);
    for (Index i = 0; i < slice.count; ++i) {
      const Index at = slice.first + i * slice.stride;
      Vector sum = write == Write::add ? simd::load<N>(dz + at) : Vector{};
      if constexpr (Hard) sum += simd::load<N>(block.hard + at) * hard_factor;
      if constexpr (Soft)
        sum += simd::load<N>(block.q + at) * q_factor - simd::load<N>(block.p + at) * p_factor;
      simd::store(sum, dz + at);
    }
  });
}

/// The parts asked for, for samples `first` to `first + samples - 1`, which stand in `Lanes` lanes.
template <bool Hard, bool Soft, int Lanes, Real S>
void distillation_block(const DistillationLoss<S>& loss, Index first, Index samples) {
  // g++ 12 has to see that the loops over samples end with the lanes.
  const Index count = std::min<Index>(samples, Lanes);
  const Index classes = loss.student.rows;
  const Index size = kd::detail::whole_cache_lines<S>(classes * Lanes);
  S* const room = scratch<S>(5 * size);
  const auto lay_out = [&](MatrixView<const S> logits, S* place) -> const S* {
    if constexpr (Lanes == 1) {
      return logits.data + first * classes;
    } else {
      interleave<Lanes>(logits, first, count, place);
      return place;
    }
  };
  const S* const z = lay_out(loss.student, room + 3 * size);
  const S* const v = Soft ? lay_out(loss.teacher, room + 4 * size) : z;
  const PerSample<S, Lanes> z_max = max_of<Lanes>(z, classes);
  const PerSample<S, Lanes> v_max = Soft ? max_of<Lanes>(v, classes) : z_max;
  DistillationBlock<S, Lanes> block{{.classes = classes,
                                     .z = z,
                                     .v = v,
                                     .q = room + size,
                                     .p = room + 2 * size,
                                     .z_max = z_max,
                                     .v_max = v_max},
                                    room};
  const S t = loss.temperature;
  const Index to_next = first + 1 < loss.student.cols ? classes : 0;
  take_exponentials<Hard, Soft>(block, S(1) / t, to_next);

  const auto label = [&](Index l) { return loss.labels.data[first + l] * Lanes + l; };
  if constexpr (Hard) {
    const PerSample<S, Lanes> log_sum = log(block.hard_sum);
    for (Index l = 0; l < count; ++l)
      loss.hard.data[first + l] = log_sum[l] + z_max[l] - z[label(l)];
  }
  if constexpr (Soft) {
    const PerSample<S, Lanes> log_q = log(block.q_sum), log_p = log(block.p_sum);
    auto kl = by_lanes<S, Lanes>(
        [&](auto of) { return of(block.gap) / of(block.p_sum) / t + of(log_q) - of(log_p); });
    if (std::any_of(kl.values, kl.values + Lanes, is_close<S>)) sharpen(block, S(1) / t, kl);
    for (Index l = 0; l < count; ++l) loss.soft.data[first + l] = t * t * kl[l];
  }
  if (loss.dlogits.empty()) return;
  S* const dz = Lanes == 1 ? loss.dlogits.data + first * classes : room;
  softmax_gradient<Hard, Soft>(block, loss.hard_scale, loss.soft_scale * t, dz,
                               Lanes == 1 ? loss.write_dlogits : Write::overwrite);
  if constexpr (Hard)
    for (Index l = 0; l < count; ++l) dz[label(l)] -= loss.hard_scale;
  if constexpr (Lanes > 1) separate<Lanes>(dz, first, count, loss.dlogits, loss.write_dlogits);
}

template <bool Hard, bool Soft, Real S>
void distillation_loss(const DistillationLoss<S>& loss) {
  for_logit_blocks(loss.student.rows, loss.student.cols, Hard + 2 * Soft,
                   [&](Index first, Index count, auto lanes) {
                     distillation_block<Hard, Soft, decltype(lanes)::value>(loss, first, count);
                   });
}

}  // namespace kd::cpu::detail
