// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/shape.hpp"
#include "kd/cuda/block.cuh"

/// The frame of kernels that add up all that a batch has in one channel: a block has a channel.
namespace kd::cuda::detail {

inline constexpr int channel_threads = 256;

/// The channels of a batch of maps.
struct Channels {
  Index count;
  Index area;  ///< elements of a map
  Index size;  ///< elements of a channel

  Channels(const Shape& shape, Index batch)
      : count(shape.channels), area(shape.area()), size(shape.area() * batch) {}

  /// Calls `f(at)` for the elements of a channel that fall to this thread.
  template <class F>
  __device__ __forceinline__ void for_each(Index channel, F f) const {
    for (Index i = threadIdx.x; i < size; i += channel_threads)
      f((i / area * count + channel) * area + i % area);
  }
};

}  // namespace kd::cuda::detail
