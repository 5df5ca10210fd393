// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>

#include "kd/cpu/simd.hpp"

namespace kd::cpu::detail {

/// How many elements stand together in a vector.
template <Index N>
using Width = std::integral_constant<Index, N>;

/// Calls `body(Width<N>(), i)` for `N` elements from `i` on until all of `[at, at + count)` had
/// their turn: whole vectors, and by themselves those that do not fill one. For plain arithmetic,
/// which gives the same in either; `for_vectors` is for all else.
template <Real S, class Body>
void for_elements(Index at, Index count, const Body& body) {
  constexpr Index N = simd::width<S>;
  const Index last = at + count;
  for (; at + N <= last; at += N) body(Width<N>(), at);
  if constexpr (N > 1)
    for (; at < last; ++at) body(Width<1>(), at);
}

/// A whole vector of elements.
template <Real S>
struct WholeVector {
  static constexpr Index N = simd::width<S>;
  simd::Vector<S, N> load(const S* from) const { return simd::load<N>(from); }
  void store(const simd::Vector<S, N>& v, S* to) const { simd::store(v, to); }
};

/// The last elements, which do not fill one: what a number becomes does not depend on its place.
template <Real S>
struct PartOfVector {
  static constexpr Index N = simd::width<S>;
  std::size_t bytes;
  simd::Vector<S, N> load(const S* from) const {
    simd::Array<S, N> room{};
    std::memcpy(room, from, bytes);
    return simd::load<N>(room + 0);
  }
  void store(const simd::Vector<S, N>& v, S* to) const { std::memcpy(to, &v, bytes); }
};

/// Calls `body(i, part)` for the elements from `at` on, a vector at a time.
template <Real S, class Body>
void for_vectors(Index at, Index count, const Body& body) {
  constexpr Index N = simd::width<S>;
  const Index last = at + count;
  for (; at + N <= last; at += N) body(at, WholeVector<S>{});
  if (at < last) body(at, PartOfVector<S>{static_cast<std::size_t>(last - at) * sizeof(S)});
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
  S total() const { return single_ + simd::sum_of<simd::width<S>, S>(lanes_); }

 private:
  simd::Vector<S, simd::width<S>> lanes_{};
  S single_ = 0;
};

}  // namespace kd::cpu::detail
