// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/random.hpp"
#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/length.cuh"
#include "kd/cuda/ops/sum.cuh"
#include "kd/cuda/philox.cuh"

/// The parts of contrastive distillation (Tian et al. 2020). Embeddings are (width, batch), a
/// memory bank (width, samples of the data set), both with columns of length 1. Indices are those
/// of samples of the data set, and no sample is in a batch twice: no kernel looks whether that is
/// so.
namespace kd::cuda {

namespace detail {

inline constexpr int draw_threads = 256;

/// A thread draws one counter for one sample, whose four words stand 16 places apart, as dropout's.
template <class T>
__global__ void __launch_bounds__(draw_threads)
    draw_other_classes(std::uint64_t key, Index batch, Index negatives, const Index* indices,
                       const Label* labels, const T* order, T size, const T* begins, T* drawn) {
  const Index counters = (negatives + 63) / 64 * 16;  // of a sample
  const Index sample = global_thread() / counters;
  if (sample >= batch) return;
  const Index own = global_thread() % counters;
  const PhiloxWords words =
      philox(key, static_cast<std::uint64_t>(indices[sample] * counters + own));
  const T begin = begins[labels[sample]];
  const T skipped = begins[labels[sample] + 1] - begin;
  const auto others = static_cast<std::uint64_t>(size - skipped);
  const Index first = own / 16 * 64 + own % 16;
  for (int w = 0; w < 4; ++w) {
    const Index i = first + w * 16;
    if (i < negatives) {
      const auto place = static_cast<T>(words.word[w] * others >> 32);
      drawn[sample * negatives + i] = order[place < begin ? place : place + skipped];
    }
  }
}

/// `<a, m>` by a warp, the same in each lane.
template <Real S>
__device__ __forceinline__ S dot(const S* a, const S* m, Index width) {
  S sum = 0;
  for (Index i = lane(); i < width; i += warp_size) sum += a[i] * m[i];
  return warp_reduce(sum, Sum{});
}

/// Embeddings, and the entries of the bank that each is compared with.
template <Real S>
struct Pairs {
  const S* anchors;
  const S* bank;
  const Index* own;
  const std::int32_t* drawn;
  Index width, negatives, entries;
  S temperature;

  __device__ __forceinline__ const S* anchor(Index sample) const {
    return anchors + sample * width;
  }
  __device__ __forceinline__ const S* own_entry(Index sample) const {
    return bank + own[sample] * width;
  }
  __device__ __forceinline__ const S* entry(Index sample, Index k) const {
    return bank + drawn[sample * negatives + k] * width;
  }
};

inline constexpr int contrast_threads = 256;
inline constexpr int contrast_chunk = 64;

/// `exp(<a, m> / temperature)` of one pair; the first of a sample's pairs is that with its own
/// entry. Asked for the first batch alone, so a thread has a pair to itself.
template <Real S>
struct Likeness {
  Pairs<S> pairs;

  __device__ __forceinline__ double operator()(Index pair) const {
    const Index sample = pair / (pairs.negatives + 1);
    const Index k = pair % (pairs.negatives + 1);
    const S* const a = pairs.anchor(sample);
    const S* const m = k == 0 ? pairs.own_entry(sample) : pairs.entry(sample, k - 1);
    S cosine = 0;
    for (Index i = 0; i < pairs.width; ++i) cosine += a[i] * m[i];
    return std::exp(static_cast<double>(cosine / pairs.temperature));
  }
};

template <Real S>
__global__ void set_normaliser(const double* sum, double factor, S* normaliser) {
  if (threadIdx.x == 0) *normaliser = static_cast<S>(factor * *sum);
}

template <Real S>
__device__ __forceinline__ S softplus(S x) {
  return (x < S(0) ? S(0) : x) + std::log1p(std::exp(-std::abs(x)));
}
template <Real S>
__device__ __forceinline__ S sigmoid(S x) {
  return S(1) / (S(1) + std::exp(-x));
}

/// A block has a sample. Its warps look at 64 negatives one by one; then each thread adds them to
/// its own elements of the gradient, while they are still in the first cache.
template <int Threads, Real S>
__global__ void __launch_bounds__(Threads)
    contrast(Pairs<S> pairs, const S* normaliser, S scale, S* danchors, S* values) {
  __shared__ S chances[contrast_chunk];
  const Index sample = blockIdx.x;
  const S* const anchor = pairs.anchor(sample);
  S* const gradient = danchors + sample * pairs.width;
  const S share = static_cast<S>(pairs.negatives) / static_cast<S>(pairs.entries);
  const S offset = std::log(*normaliser) + std::log(share);  // h = sigmoid(<,> / T - offset)
  const auto odds = [&](const S* m) {
    return dot(anchor, m, pairs.width) / pairs.temperature - offset;
  };
  const S* const own = pairs.own_entry(sample);
  const S own_odds = odds(own);
  S value = threadIdx.x == 0 ? softplus(-own_odds) : S(0);
  for (Index i = threadIdx.x; i < pairs.width; i += Threads)
    gradient[i] = -sigmoid(-own_odds) * own[i];
  for (Index first = 0; first < pairs.negatives; first += contrast_chunk) {
    const Index rest = pairs.negatives - first;
    const Index count = rest < contrast_chunk ? rest : contrast_chunk;
    for (Index k = warp_in_block(); k < count; k += Threads / warp_size) {
      const S odds_of_k = odds(pairs.entry(sample, first + k));
      if (lane() == 0) {
        chances[k] = sigmoid(odds_of_k);
        value += softplus(odds_of_k);
      }
    }
    __syncthreads();
    for (Index i = threadIdx.x; i < pairs.width; i += Threads) {
      S sum = gradient[i];
      for (Index k = 0; k < count; ++k) sum += chances[k] * pairs.entry(sample, first + k)[i];
      gradient[i] = sum;
    }
    __syncthreads();  // chances may be written again
  }
  for (Index i = threadIdx.x; i < pairs.width; i += Threads)
    gradient[i] *= scale / pairs.temperature;
  value = block_reduce<Threads>(value, Sum{});
  if (threadIdx.x == 0) values[sample] = value;
}

template <Real S>
struct MoveBankKernel {
  const S* unit;
  const Index* own;
  S momentum;
  Index width;
  S* bank;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const u = unit + sample * width;
    S* const entry = bank + own[sample] * width;
    const auto moved = [&](Index i) {
      const auto to = load<Width>(u + i);
      auto pack = load<Width>(entry + i);
      for (int k = 0; k < Width; ++k)
        pack.v[k] = momentum * pack.v[k] + (S(1) - momentum) * to.v[k];
      return pack;
    };
    S squares = 0;
    S zero = 0;  // times what is not finite, it is none
    for_classes<Team, Width>(width, [&](Index i) {
      const auto pack = moved(i);
      const auto to = load<Width>(u + i);
      for (int k = 0; k < Width; ++k) {
        squares += pack.v[k] * pack.v[k];
        zero += to.v[k] * S(0);
      }
    });
    zero = Team::reduce(zero, Sum{});
    if (!(zero == S(0))) return;
    const S size = std::sqrt(Team::reduce(squares, Sum{}));
    const S factor = size > S(0) ? S(1) / size : S(1);
    for_classes<Team, Width>(width, [&](Index i) {
      auto pack = moved(i);
      for (int k = 0; k < Width; ++k) pack.v[k] *= factor;
      store(entry + i, pack);
    });
  }
};

}  // namespace detail

/// Draws samples of other classes, each as likely as the next: `drawn` (negatives, batch). `order`
/// lists the samples class after class, `begins[c]` is where class c begins in it, and after the
/// last class the list ends. Number k of sample i comes from `rng.word(i * row + k)`, `row` being
/// the negatives rounded up to whole 64, whatever its place in the batch: the CPU's draws.
inline void op_draw_other_classes(const Space& space, Rng rng,
                                  VectorView<const Index, Space> indices,
                                  VectorView<const Label, Space> labels,
                                  VectorView<const std::int32_t, Space> order,
                                  VectorView<const std::int32_t, Space> begins,
                                  MatrixView<std::int32_t, Space> drawn) {
  const Index counters = (drawn.rows + 63) / 64 * 16;
  detail::launch(space, "draw other classes",
                 detail::ceil_div(indices.size * counters, detail::draw_threads),
                 detail::draw_threads, detail::draw_other_classes<std::int32_t>, rng.key(),
                 indices.size, drawn.rows, indices.data, labels.data, order.data,
                 static_cast<std::int32_t>(order.size), begins.data, drawn.data);
}

/// `normaliser = n mean exp(<a, m> / temperature)` over all pairs that `op_contrast` looks at.
template <Real S>
void op_contrast_normaliser(const Space& space, MatrixView<const S, Space> anchors,
                            MatrixView<const S, Space> bank, VectorView<const Index, Space> own,
                            MatrixView<const std::int32_t, Space> drawn, S temperature,
                            VectorView<S, Space> normaliser) {
  const detail::Pairs<S> pairs{anchors.data, bank.data,  own.data,  drawn.data,
                               anchors.rows, drawn.rows, bank.cols, temperature};
  const Index count = anchors.cols * (drawn.rows + 1);
  double* const sum = space.context().totals();
  detail::sum_up(space, "likenesses", count, detail::Likeness<S>{pairs}, sum, Write::overwrite);
  detail::launch(space, "contrast normaliser", 1, 32, detail::set_normaliser<S>, sum,
                 static_cast<double>(bank.cols) / static_cast<double>(count), normaliser.data);
}

/// Tells a sample's own entry in the bank from K others: `values[b] = -log h(own) -
/// sum_k log(1 - h(drawn_k))`, `h(m) = x / (x + K / n)`, `x = exp(<a, m> / temperature) /
/// normaliser`, n being the entries of the bank, which are constants. `danchors` is overwritten
/// with `scale` times the gradient.
template <Real S>
void op_contrast(const Space& space, MatrixView<const S, Space> anchors,
                 MatrixView<const S, Space> bank, VectorView<const Index, Space> own,
                 MatrixView<const std::int32_t, Space> drawn, VectorView<const S, Space> normaliser,
                 S temperature, S scale, MatrixView<S, Space> danchors,
                 VectorView<S, Space> values) {
  const detail::Pairs<S> pairs{anchors.data, bank.data,  own.data,  drawn.data,
                               anchors.rows, drawn.rows, bank.cols, temperature};
  detail::launch(space, "contrast", anchors.cols, detail::contrast_threads,
                 detail::contrast<detail::contrast_threads, S>, pairs, normaliser.data, scale,
                 danchors.data, values.data);
}

/// Moves each sample's own entry towards its embedding: `m = momentum m + (1 - momentum) u`, made
/// 1 long again. An embedding that is not finite moves nothing.
template <Real S>
void op_move_bank(const Space& space, MatrixView<const S, Space> unit,
                  VectorView<const Index, Space> own, S momentum, MatrixView<S, Space> bank) {
  const detail::MoveBankKernel<S> kernel{unit.data, own.data, momentum, unit.rows, bank.data};
  detail::for_each_sample<S>(space, "move bank", unit.rows, unit.cols, kernel, unit.data,
                             bank.data);
}

}  // namespace kd::cuda
