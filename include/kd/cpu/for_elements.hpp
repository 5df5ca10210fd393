// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/cpu/simd.hpp"

namespace kd::cpu::detail {

/// How many elements stand together in a vector.
template <Index N>
using Width = std::integral_constant<Index, N>;

/// Calls `body(Width<N>(), i)` for `N` elements from `i` on until all of `[at, at + count)` had
/// their turn: whole vectors, and by themselves those that do not fill one.
template <Real S, class Body>
void for_elements(Index at, Index count, const Body& body) {
  constexpr Index N = simd::width<S>;
  const Index last = at + count;
  for (; at + N <= last; at += N) body(Width<N>(), at);
  if constexpr (N > 1)
    for (; at < last; ++at) body(Width<1>(), at);
}

/// Adds up elements, those of vectors in a place of their own each.
template <Real S>
class Sum {
 public:
  template <class V>
  void add(const V& values) {
    if constexpr (std::is_same_v<V, S>) {
      single_ += values;
    } else {
      lanes_ += values;
    }
  }
  S total() const {
    constexpr Index N = simd::width<S>;
    simd::Array<S, N> lanes;
    simd::store(lanes_, lanes);
    S sum = single_;
    for (Index lane = 0; lane < N; ++lane) sum += lanes[lane];
    return sum;
  }

 private:
  simd::Vector<S, simd::width<S>> lanes_{};
  S single_ = 0;
};

}  // namespace kd::cpu::detail
