// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kd/core/types.hpp"

/// What one thread does by itself.
namespace kd::cuda::detail {

/// `N` elements that a thread loads and stores at once.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  T v[static_cast<std::size_t>(N)];
};

/// How many elements fill the widest load, 16 bytes.
template <class T>
inline constexpr int pack_width = static_cast<int>(16 / sizeof(T));

/// Whether packs can be loaded from `data`.
template <class T>
bool is_pack_aligned(const T* data) {
  return reinterpret_cast<std::uintptr_t>(data) % 16 == 0;
}

template <int N, class T>
__device__ __forceinline__ Pack<T, N> load(const T* from) {
  return *reinterpret_cast<const Pack<T, N>*>(from);
}

template <class T, int N>
__device__ __forceinline__ void store(T* to, Pack<T, N> pack) {
  *reinterpret_cast<Pack<T, N>*>(to) = pack;
}

/// The place of this thread in a grid along one axis.
__device__ __forceinline__ Index global_thread() {
  return static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
}

}  // namespace kd::cuda::detail
