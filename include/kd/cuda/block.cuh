// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/warp.cuh"

/// What the threads of a block do together. All of them have to take part.
namespace kd::cuda::detail {

struct Sum {
  template <class T>
  __device__ __forceinline__ T operator()(T a, T b) const {
    return a + b;
  }
};

struct Larger {
  /// NaN counts as the largest.
  template <class T>
  __device__ __forceinline__ T operator()(T a, T b) const {
    return b > a || b != b ? b : a;
  }
};

/// `combine` over the values of all `Threads` of the block, the same in each.
template <int Threads, class T, class Combine>
__device__ __forceinline__ T block_reduce(T value, Combine combine) {
  constexpr int warps = Threads / warp_size;
  static_assert(Threads % warp_size == 0 && warps <= warp_size);
  static_assert((warps & (warps - 1)) == 0, "a lane beyond the warps takes one of theirs again");
  __shared__ T parts[static_cast<std::size_t>(warps)];
  value = warp_reduce(value, combine);
  if (lane() == 0) parts[warp_in_block()] = value;
  __syncthreads();
  value = parts[lane() % warps];
  __syncthreads();  // parts may be written again
  for (int mask = warps / 2; mask > 0; mask /= 2) value = combine(value, shuffle_xor(value, mask));
  return value;
}

/// Threads that share one sample: a warp, or a block of `Threads`. Kernels written for a team do
/// for few classes and for many.
struct WarpTeam {
  static constexpr int size = warp_size;
  __device__ __forceinline__ static int rank() { return lane(); }
  /// Which sample of the batch this team has.
  template <int Threads>
  __device__ __forceinline__ static Index index() {
    return static_cast<Index>(blockIdx.x) * (Threads / warp_size) + warp_in_block();
  }
  template <class T, class Combine>
  __device__ __forceinline__ static T reduce(T value, Combine combine) {
    return warp_reduce(value, combine);
  }
};

template <int Threads>
struct BlockTeam {
  static constexpr int size = Threads;
  __device__ __forceinline__ static int rank() { return static_cast<int>(threadIdx.x); }
  template <int>
  __device__ __forceinline__ static Index index() {
    return blockIdx.x;
  }
  template <class T, class Combine>
  __device__ __forceinline__ static T reduce(T value, Combine combine) {
    return block_reduce<Threads>(value, combine);
  }
};

}  // namespace kd::cuda::detail
