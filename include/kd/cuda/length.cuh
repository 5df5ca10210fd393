// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "kd/cuda/softmax.cuh"

namespace kd::cuda::detail {

/// The length of a vector, the same in every thread of the team. The largest element is taken out
/// first, so that no square is too large or too small.
template <class Team, int Width, Real S>
__device__ __forceinline__ S length(const S* x, Index size) {
  const Larger larger;
  S largest = 0;
  for_classes<Team, Width>(size, [&](Index i) {
    const Pack<S, Width> pack = load<Width>(x + i);
    for (int k = 0; k < Width; ++k) largest = larger(largest, std::abs(pack.v[k]));
  });
  largest = Team::reduce(largest, larger);
  if (!(largest > S(0))) return largest;
  S squares = 0;
  for_classes<Team, Width>(size, [&](Index i) {
    const Pack<S, Width> pack = load<Width>(x + i);
    for (int k = 0; k < Width; ++k) squares += (pack.v[k] / largest) * (pack.v[k] / largest);
  });
  return largest * std::sqrt(Team::reduce(squares, Sum{}));
}

template <Real S>
inline constexpr S least_length = std::numeric_limits<S>::min();

/// One over the length of a vector; 0 where there is none to speak of.
template <Real S>
__device__ __forceinline__ S inverse_of(S length) {
  return length <= least_length<S> ? S(0) : S(1) / length;
}

}  // namespace kd::cuda::detail
