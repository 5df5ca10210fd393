// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/launch.hpp"
#include "kd/cuda/thread.cuh"

/// The frame of every kernel that treats each element by itself.
namespace kd::cuda::detail {

inline constexpr int elementwise_threads = 256;

/// `body.apply<N>(i)` treats the elements `i` to `i + N - 1`, once for each.
template <int Width, class Body>
__global__ void __launch_bounds__(elementwise_threads) elementwise(Index size, Body body) {
  const Index first = global_thread() * Width;
  if (first + Width <= size) {
    body.template apply<Width>(first);
  } else {
    for (Index i = first; i < size; ++i) body.template apply<1>(i);
  }
}

/// Treats `[0, size)`, each element by a thread of its own.
template <class Body>
void for_each_alone(const Space& space, const char* name, Index size, const Body& body) {
  launch(space, name, ceil_div(size, elementwise_threads), elementwise_threads,
         elementwise<1, Body>, size, body);
}

/// Treats `[0, size)`, in packs when each of the `pointers` that the body uses is aligned for them.
template <class S, class Body, class... Pointers>
void for_each(const Space& space, const char* name, Index size, const Body& body,
              Pointers... pointers) {
  constexpr int width = pack_width<S>;
  if ((is_pack_aligned(pointers) && ...)) {
    launch(space, name, ceil_div(size, Index{width} * elementwise_threads), elementwise_threads,
           elementwise<width, Body>, size, body);
  } else {
    for_each_alone(space, name, size, body);
  }
}

/// Writes or adds `value`, as told.
template <class S, int N>
__device__ __forceinline__ void put(S* to, Pack<S, N> value, Write write) {
  if (write == Write::add) {
    const Pack<S, N> old = load<N>(to);
    for (int k = 0; k < N; ++k) value.v[k] += old.v[k];
  }
  store(to, value);
}

}  // namespace kd::cuda::detail
