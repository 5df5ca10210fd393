// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "kd/cuda/block.cuh"
#include "kd/cuda/launch.hpp"

/// The softmax of one sample by a team of threads that reads the logits once for its maximum and
/// its sums: a sum is scaled down whenever a larger maximum comes (Milakov and Gimelshein, "Online
/// normalizer calculation for softmax", 2018).
namespace kd::cuda::detail {

template <Real S>
inline constexpr S infinity = std::numeric_limits<S>::infinity();
template <Real S>
inline constexpr S nan = std::numeric_limits<S>::quiet_NaN();

/// The largest logit so far, and the sums of `exp(z - max)` and of `exp((z - max) / T)`.
template <Real S>
struct SoftmaxSums {
  S max, plain, soft;
};

/// Which of the sums are wanted, and one over the temperature of the second.
template <Real S>
struct Softness {
  bool plain, soft;
  S inverse_temperature;
};

/// `exp(gap)`; equal infinities are no gap.
template <Real S>
__device__ __forceinline__ S exp_gap(S a, S b, S factor) {
  return a == b ? S(1) : std::exp((a - b) * factor);
}

template <Real S>
__device__ __forceinline__ SoftmaxSums<S> no_sums() {
  return {-infinity<S>, S(0), S(0)};
}

template <Real S>
struct MergeSums {
  Softness<S> softness;

  __device__ __forceinline__ SoftmaxSums<S> operator()(SoftmaxSums<S> a, SoftmaxSums<S> b) const {
    const S max = b.max > a.max ? b.max : a.max;
    SoftmaxSums<S> all{max, S(0), S(0)};
    if (softness.plain)
      all.plain = a.plain * exp_gap(a.max, max, S(1)) + b.plain * exp_gap(b.max, max, S(1));
    if (softness.soft) {
      const S t = softness.inverse_temperature;
      all.soft = a.soft * exp_gap(a.max, max, t) + b.soft * exp_gap(b.max, max, t);
    }
    return all;
  }

  /// Adds one logit.
  __device__ __forceinline__ void add(SoftmaxSums<S>& sums, S z) const {
    const S t = softness.inverse_temperature;
    if (z > sums.max) {
      if (softness.plain) sums.plain = sums.plain * std::exp(sums.max - z) + S(1);
      if (softness.soft) sums.soft = sums.soft * std::exp((sums.max - z) * t) + S(1);
      sums.max = z;
    } else {  // NaN comes here too, and stays in the sums
      if (softness.plain) sums.plain += exp_gap(z, sums.max, S(1));
      if (softness.soft) sums.soft += exp_gap(z, sums.max, t);
    }
  }
};

/// Calls `f(c)` for every `Width`-th class, those of the team's threads taken together.
template <class Team, int Width, class F>
__device__ __forceinline__ void for_classes(Index classes, F f) {
  for (Index c = Index{Team::rank()} * Width; c < classes; c += Index{Team::size} * Width) f(c);
}

/// The sums over all classes but `left_out`, the same in every thread of the team.
template <class Team, int Width, Real S>
__device__ __forceinline__ SoftmaxSums<S> softmax_sums(const S* z, Index classes,
                                                       Softness<S> softness, Index left_out = -1) {
  const MergeSums<S> merge{softness};
  SoftmaxSums<S> sums = no_sums<S>();
  for_classes<Team, Width>(classes, [&](Index c) {
    const Pack<S, Width> pack = load<Width>(z + c);
    for (int k = 0; k < Width; ++k)
      if (c + k != left_out) merge.add(sums, pack.v[k]);
  });
  return Team::reduce(sums, merge);
}

// A warp has a sample of up to so many classes to itself; beyond, a block has, and beyond
// `few_classes` a large one, so that enough loads are on their way at a time.
inline constexpr Index warp_classes = 1024;
inline constexpr Index few_classes = 8192;
template <Real S>
inline constexpr int many_threads = sizeof(S) == 4 ? 1024 : 512;  // as many as have the registers
inline constexpr int sample_threads = 128;  ///< of a block whose warps have a sample each

/// A kernel that would not fit the registers of `many_threads` has `needs_registers`.
template <class Kernel>
concept NeedsRegisters = requires {
  requires Kernel::needs_registers;
};

template <class Team, int Threads, int Width, class Kernel>
__global__ void __launch_bounds__(Threads, 1) sample_kernel(Index batch, Kernel kernel) {
  const Index sample = Team::template index<Threads>();
  if (sample < batch) kernel.template run<Team, Width>(sample);  // a team stays together
}

template <class Team, int Threads, class S, class Kernel>
void launch_teams(const Space& space, const char* name, Index blocks, Index batch, bool packs,
                  const Kernel& kernel) {
  if (packs) {
    launch(space, name, blocks, Threads, sample_kernel<Team, Threads, pack_width<S>, Kernel>, batch,
           kernel);
  } else {
    launch(space, name, blocks, Threads, sample_kernel<Team, Threads, 1, Kernel>, batch, kernel);
  }
}

/// Launches `Kernel::run<Team, Width>` over the samples, as suits their number of classes. The
/// `pointers` are those of the matrices that it loads packs from.
template <class S, class Kernel, class... Pointers>
void for_each_sample(const Space& space, const char* name, Index classes, Index batch,
                     const Kernel& kernel, Pointers... pointers) {
  const bool packs = classes % pack_width<S> == 0 && (is_pack_aligned(pointers) && ...);
  if (classes <= warp_classes) {
    launch_teams<WarpTeam, sample_threads, S>(
        space, name, ceil_div(batch, sample_threads / warp_size), batch, packs, kernel);
  } else if (classes <= few_classes) {
    launch_teams<BlockTeam<256>, 256, S>(space, name, batch, batch, packs, kernel);
  } else {
    constexpr int threads = NeedsRegisters<Kernel> ? 512 : many_threads<S>;
    launch_teams<BlockTeam<threads>, threads, S>(space, name, batch, batch, packs, kernel);
  }
}

}  // namespace kd::cuda::detail
