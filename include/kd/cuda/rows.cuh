// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/warp.cuh"

/// The frame of kernels that add up along the rows of a matrix, which lie across memory: a block
/// has 32 neighbouring rows, so that its reads are of 32 neighbours, and its 8 warps take the
/// columns in turn.
namespace kd::cuda::detail {

inline constexpr int row_lanes = 32;  ///< rows that a block has
inline constexpr int row_threads = 256;
inline constexpr int row_warps = row_threads / row_lanes;

/// The row of this thread, which may be beyond the last, and the first of its columns; the others
/// follow at a distance of `row_warps`.
__device__ __forceinline__ Index own_row() {
  return static_cast<Index>(blockIdx.x) * row_lanes + static_cast<int>(threadIdx.x) % row_lanes;
}
__device__ __forceinline__ int first_col() { return static_cast<int>(threadIdx.x) / row_lanes; }

/// `combine` over the values of the threads that share a row, in the order of their columns, the
/// same in each. All threads of the block have to take part.
template <int Warps = row_warps, class T, class Combine>
__device__ __forceinline__ T row_reduce(T value, Combine combine) {
  __shared__ T parts[static_cast<std::size_t>(Warps)][static_cast<std::size_t>(row_lanes)];
  const int at = static_cast<int>(threadIdx.x) % row_lanes;
  parts[first_col()][at] = value;
  __syncthreads();
  value = parts[0][at];
  for (int w = 1; w < Warps; ++w) value = combine(value, parts[w][at]);
  __syncthreads();  // parts may be written again
  return value;
}

}  // namespace kd::cuda::detail
