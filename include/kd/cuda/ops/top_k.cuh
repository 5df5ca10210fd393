// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/top_k_table.hpp"
#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/ops/argmax.cuh"
#include "kd/cuda/softmax_gap.cuh"

namespace kd::cuda {

namespace detail {

/// `T log mean_j exp(z_j / T)`, the logit that gives as many equal classes their sum.
template <Real S>
struct SharedLogit {
  S max;    ///< the largest of them
  S lack;   ///< the sum of `exp((z_j - max) / T) - 1`
  S logit;  ///< minus infinity when all are
};

/// `visit(add)` calls `add(z)` for those of the `count` logits that this thread has.
template <class Team, Real S, class Visit>
__device__ __forceinline__ SharedLogit<S> shared_logit(Visit visit, S count, S temperature) {
  SharedLogit<S> shared{-infinity<S>, S(0), S(0)};
  const Larger larger;
  visit([&](S z) { shared.max = larger(shared.max, z); });
  shared.max = Team::reduce(shared.max, larger);
  shared.logit = shared.max;
  if (shared.max == -infinity<S>) return shared;
  visit([&](S z) { shared.lack += std::expm1((z - shared.max) / temperature); });
  shared.lack = Team::reduce(shared.lack, Sum{});
  // Above half of `max`, where 1 + mean would lose digits of the mean; below, it has none to lose.
  const S mean = shared.lack / count;
  shared.logit +=
      temperature * (mean > S(-0.5) ? std::log1p(mean) : std::log((count + shared.lack) / count));
  return shared;
}

/// Takes the largest logits one after the other, k times over all classes: it runs once for each
/// sample of a data set, and k is small.
template <Real S>
struct TopKKernel {
  const S* logits;
  Index classes, k;
  S temperature;
  Label* kept;
  S* kept_logits;
  S* tail;

  /// Whether a logit comes after the one taken last.
  __device__ __forceinline__ static bool is_after(S value, Index at, Largest<S> last) {
    return is_above(last.value, value) ||
           (at > static_cast<Index>(last.at) && !is_above(value, last.value));
  }

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const v = logits + sample * classes;
    Largest<S> last{nan<S>, -1};  // above all
    for (Index taken = 0; taken < k; ++taken) {
      Largest<S> best{-infinity<S>, 0};
      bool found = false;
      for_classes<Team, Width>(classes, [&](Index c) {
        const auto pack = load<Width>(v + c);
        for (int j = 0; j < Width; ++j) {
          if (!is_after(pack.v[j], c + j, last) || (found && !is_above(pack.v[j], best.value)))
            continue;
          best = {pack.v[j], static_cast<decltype(best.at)>(c + j)};
          found = true;
        }
      });
      // Who found nothing must not win against minus infinity of a later class.
      if (!found) best.at = static_cast<decltype(best.at)>(classes);
      best = Team::reduce(best, LargerFirst{});
      last = best;
      if (Team::rank() == 0) {
        kept[sample * k + taken] = static_cast<Label>(best.at);
        kept_logits[sample * k + taken] = best.value;
      }
    }
    const auto shared = shared_logit<Team>(
        [&](auto add) {
          for_classes<Team, Width>(classes, [&](Index c) {
            const auto pack = load<Width>(v + c);
            for (int j = 0; j < Width; ++j)
              if (is_after(pack.v[j], c + j, last)) add(pack.v[j]);
          });
        },
        static_cast<S>(classes - k), temperature);
    if (Team::rank() == 0) tail[sample] = k == classes ? S(0) : shared.logit;
  }
};

/// Where a class stands among the k that were kept, or -1; they are not in the order of classes.
__device__ __forceinline__ int place_among(const Label* kept, int k, Label c) {
  int place = -1;
  for (int i = 0; i < k; ++i) place = kept[i] == c ? i : place;
  return place;
}

template <Real S>
struct FillLogitsKernel {
  const Label* kept;
  const S* kept_logits;
  const S* tail;
  const Index* indices;
  Index first_sample;
  Index classes;
  int k;
  S* logits;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index from = indices[sample] - first_sample;
    for_classes<Team, Width>(classes, [&](Index c) {
      Pack<S, Width> pack;
      for (int j = 0; j < Width; ++j) {
        const int place = place_among(kept + from * k, k, static_cast<Label>(c + j));
        pack.v[j] = place < 0 ? tail[from] : kept_logits[from * k + place];
      }
      store(logits + sample * classes + c, pack);
    });
  }
};

template <Real S>
struct TopKDivergenceKernel {
  const S* student;
  const Label* kept;
  const S* kept_logits;
  const S* tail;
  const Index* indices;
  Index first_sample;
  Index classes;
  int k;
  S temperature;
  MissingMass missing;
  S scale;
  S* dlogits;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index from = indices[sample] - first_sample;
    const Label* const own = kept + from * k;
    const S* const z = student + sample * classes;
    const S* const v = kept_logits + from * k;
    const S t = S(1) / temperature;
    const bool knows_tail = k < classes && missing != MissingMass::renormalise;
    const bool is_one_class = missing == MissingMass::tail_bucket;
    const bool is_uniform = knows_tail && !is_one_class;
    const auto others = static_cast<S>(classes - k);
    const auto visit_others = [&](auto add) {
      for_classes<Team, Width>(classes, [&](Index c) {
        const auto pack = load<Width>(z + c);
        for (int j = 0; j < Width; ++j)
          if (place_among(own, k, static_cast<Label>(c + j)) < 0) add(pack.v[j]);
      });
    };
    // The first logit kept is the largest. Below it by so much probabilities are zero, while from
    // minus infinity there is no gap.
    const S lowest = v[0] - S(1000) * temperature;
    const S other_v = tail[from] < lowest ? lowest : tail[from];
    SharedLogit<S> shared{S(0), S(0), S(0)};
    if (k < classes && !is_uniform) shared = shared_logit<Team>(visit_others, others, temperature);

    // One class for the rest is as many equal ones that have its sum.
    const auto visit = [&](auto add) {
      for_classes<Team, 1>(k, [&](Index i) { add(z[own[i]], v[i], S(1)); });
      if (is_uniform) {
        visit_others([&](S other) { add(other, other_v, S(1)); });
      } else if (knows_tail && Team::rank() == 0) {
        add(shared.logit, other_v, others);
      }
    };
    const Larger larger;
    S max = -infinity<S>;
    visit([&](S z_c, S, S) { max = larger(max, z_c); });
    SoftmaxGap<S> both{nullptr, nullptr, t, Team::reduce(max, larger), v[0], S(0), S(0)};
    S q_sum = 0;
    S p_sum = 0;
    visit([&](S z_c, S v_c, S count) {
      q_sum += count * std::exp((z_c - both.z_max) * t);
      p_sum += count * std::exp((v_c - both.v_max) * t);
    });
    both.q_sum = Team::reduce(q_sum, Sum{});
    both.p_sum = Team::reduce(p_sum, Sum{});
    both.template compare<Team>(visit);

    // What the student's probabilities of the others sum up to, where the teacher's do not count.
    S divergence = both.kl;
    S rest = 0;
    if (k < classes && !knows_tail) {
      const S all_max = larger(shared.max, both.z_max);
      const S rest_sum = (others + shared.lack) * std::exp((shared.max - all_max) * t);
      const S shift = (both.z_max - all_max) * t;
      const S sum = rest_sum + both.q_sum * std::exp(shift);
      rest = rest_sum / sum;
      divergence -=
          rest < S(0.5) ? std::log1p(-rest) : shift + std::log(both.q_sum) - std::log(sum);
    }
    if (Team::rank() == 0) values[sample] = temperature * temperature * divergence;
    if (dlogits == nullptr) return;
    const auto change = [&](S z_c, S v_c) {
      return CloseTerms<S>(both.p_of(v_c), both.q_of(z_c), both.gap_of(z_c, v_c)).change;
    };
    // What the others get is shared out as the student's softmax among them has it.
    const S of_others = knows_tail ? others * change(shared.logit, other_v) : rest;
    const S share = of_others / (others + shared.lack);
    for_classes<Team, Width>(classes, [&](Index c) {
      auto grad = load<Width>(z + c);
      for (int j = 0; j < Width; ++j) {
        const S z_c = grad.v[j];
        const int place = place_among(own, k, static_cast<Label>(c + j));
        S step = share * std::exp((z_c - shared.max) * t);
        if (place >= 0 || is_uniform)
          step = change(z_c, place < 0 ? other_v : v[place]) - rest * both.q_of(z_c);
        grad.v[j] = scale * temperature * step;
      }
      put(dlogits + sample * classes + c, grad, Write::add);
    });
  }
};

}  // namespace detail

/// Keeps the largest logits of every sample, of equal ones those of the first classes (NaN is
/// larger than any number), and for the rest the logit that gives as many equal classes their sum:
/// `tail = T log mean_j exp(v_j / T)`. logits: (classes, batch); how many are kept, the table says.
template <Real S>
void op_top_k(const Space& space, MatrixView<const S, Space> logits, S temperature,
              TopKTable<S, Space> table) {
  const detail::TopKKernel<S> kernel{logits.data,    logits.rows,        table.classes.rows,
                                     temperature,    table.classes.data, table.logits.data,
                                     table.tail.data};
  detail::for_each_sample<S>(space, "top k", logits.rows, logits.cols, kernel, logits.data);
}

/// `logits[:, b]` = those of the table for sample `indices[b]`, with the tail for every other class
template <Real S>
void op_fill_logits(const Space& space, TopKTable<const S, Space> table,
                    VectorView<const Index, Space> indices, MatrixView<S, Space> logits) {
  const detail::FillLogitsKernel<S> kernel{table.classes.data,
                                           table.logits.data,
                                           table.tail.data,
                                           indices.data,
                                           table.first_sample,
                                           logits.rows,
                                           static_cast<int>(table.classes.rows),
                                           logits.data};
  detail::for_each_sample<S>(space, "fill logits", logits.rows, indices.size, kernel, logits.data);
}

/// The divergence of the student from a teacher of whom the k largest logits are known, times T^2;
/// `indices[b]` is the sample's place in the table. With `q = softmax(z/T)`, p likewise and K the
/// classes kept:
/// - renormalise: `sum_K p~ (log p~ - log q)`, `p~ = p / sum_K p`; gradient `T (q - p~)`
/// - tail_bucket: `sum_K p (log p - log q) + p_rest (log p_rest - log q_rest)`; gradient
///   `T (q - p)` in K, `T q (1 - p_rest / q_rest)` outside
/// - uniform_tail: `KL(p || q)` with `p_j = p_rest / (C - k)` outside K; gradient `T (q - p)`
template <Real S>
void op_top_k_divergence(const Space& space, MatrixView<const S, Space> student,
                         TopKTable<const S, Space> table, VectorView<const Index, Space> indices,
                         S temperature, MissingMass missing, S scale, MatrixView<S, Space> dlogits,
                         VectorView<S, Space> values) {
  const detail::TopKDivergenceKernel<S> kernel{student.data,
                                               table.classes.data,
                                               table.logits.data,
                                               table.tail.data,
                                               indices.data,
                                               table.first_sample,
                                               student.rows,
                                               static_cast<int>(table.classes.rows),
                                               temperature,
                                               missing,
                                               scale,
                                               dlogits.data,
                                               values.data};
  detail::for_each_sample<S>(space, "top k divergence", student.rows, student.cols, kernel,
                             student.data, dlogits.data);
}

}  // namespace kd::cuda
