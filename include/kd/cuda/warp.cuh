// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include "kd/cuda/thread.cuh"

/// What the 32 threads of a warp do together. All of them have to take part.
namespace kd::cuda::detail {

inline constexpr int warp_size = 32;
inline constexpr unsigned whole_warp = 0xFFFFFFFFU;

__device__ __forceinline__ int lane() { return static_cast<int>(threadIdx.x) % warp_size; }
__device__ __forceinline__ int warp_in_block() { return static_cast<int>(threadIdx.x) / warp_size; }

/// The `value` of the lane whose number differs from this one's in the bits of `mask`; any type
/// made of 32-bit words.
template <class T>
__device__ __forceinline__ T shuffle_xor(T value, int mask) {
  static_assert(sizeof(T) % sizeof(unsigned) == 0);
  unsigned words[sizeof(T) / sizeof(unsigned)];
  memcpy(words, &value, sizeof(T));
  for (unsigned& word : words) word = __shfl_xor_sync(whole_warp, word, mask);
  memcpy(&value, words, sizeof(T));
  return value;
}

/// `combine` over the values of all lanes, the same in each; `combine` must not mind the order.
template <class T, class Combine>
__device__ __forceinline__ T warp_reduce(T value, Combine combine) {
  for (int mask = warp_size / 2; mask > 0; mask /= 2)
    value = combine(value, shuffle_xor(value, mask));
  return value;
}

}  // namespace kd::cuda::detail
