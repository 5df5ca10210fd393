// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/top_k_table.hpp"
#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/log_softmax.cuh"
#include "kd/cuda/ops/argmax.cuh"

namespace kd::cuda {

namespace detail {

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
    SoftmaxSums<S> sums = no_sums<S>();
    const MergeSums<S> merge{{false, true, S(1) / temperature}};
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto pack = load<Width>(v + c);
      for (int j = 0; j < Width; ++j)
        if (is_after(pack.v[j], c + j, last)) merge.add(sums, pack.v[j]);
    });
    sums = Team::reduce(sums, merge);
    if (Team::rank() == 0)
      tail[sample] =
          k == classes ? S(0)
                       : sums.max + temperature * std::log(sums.soft / static_cast<S>(classes - k));
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
    const S* const v = kept_logits + from * k;
    const S t = S(1) / temperature;
    const auto log_q =
        LogSoftmax<S>::template of<Team, Width>(student + sample * classes, classes, t);
    const bool knows_tail = k < classes && missing != MissingMass::renormalise;
    const auto others = static_cast<S>(classes - k);
    // The first logit kept is the largest of all.
    const S tail_gap = (tail[from] - v[0]) * t;
    S sum = 0;
    for_classes<Team, 1>(k, [&](Index i) { sum += std::exp((v[i] - v[0]) * t); });
    sum = Team::reduce(sum, Sum{});
    if (knows_tail) sum += others * std::exp(tail_gap);
    const S log_sum = std::log(sum);

    S divergence = 0;
    for_classes<Team, 1>(k, [&](Index i) {
      const S log_p = (v[i] - v[0]) * t - log_sum;
      divergence += std::exp(log_p) * (log_p - log_q.template at<1>(own[i]).v[0]);
    });
    divergence = Team::reduce(divergence, Sum{});
    // What the gradient pulls q towards outside of the classes kept: `pull + pull_factor q`.
    S pull = 0;
    S pull_factor = 0;
    if (knows_tail) {
      const S log_each = tail_gap - log_sum;
      const S log_rest = log_each + std::log(others);
      const S rest = std::exp(log_rest);
      if (missing == MissingMass::uniform_tail) {
        S missed = 0;
        for_classes<Team, Width>(classes, [&](Index c) {
          const auto pack = log_q.template at<Width>(c);
          for (int j = 0; j < Width; ++j)
            if (place_among(own, k, static_cast<Label>(c + j)) < 0) missed += pack.v[j];
        });
        pull = rest / others;
        divergence += rest * log_each - pull * Team::reduce(missed, Sum{});
      } else {
        SoftmaxSums<S> missed = no_sums<S>();
        const MergeSums<S> merge{{true, false, S(1)}};
        for_classes<Team, Width>(classes, [&](Index c) {
          const auto pack = log_q.template at<Width>(c);
          for (int j = 0; j < Width; ++j)
            if (place_among(own, k, static_cast<Label>(c + j)) < 0) merge.add(missed, pack.v[j]);
        });
        missed = Team::reduce(missed, merge);
        const S log_q_rest = missed.max + std::log(missed.plain);
        pull_factor = std::exp(log_rest - log_q_rest);
        divergence += rest * (log_rest - log_q_rest);
      }
    }
    if (Team::rank() == 0) values[sample] = temperature * temperature * at_least_zero(divergence);
    if (dlogits == nullptr) return;
    for_classes<Team, Width>(classes, [&](Index c) {
      auto grad = log_q.template at<Width>(c);
      for (int j = 0; j < Width; ++j) {
        const S q = std::exp(grad.v[j]);
        const int place = place_among(own, k, static_cast<Label>(c + j));
        const S target =
            place < 0 ? pull + pull_factor * q : std::exp((v[place] - v[0]) * t - log_sum);
        grad.v[j] = scale * temperature * (q - target);
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
