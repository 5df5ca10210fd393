// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include "kd/core/types.hpp"

/// Vectors of numbers as g++ and clang have them built in: `a * b + c` on sixteen floats at once.
/// Other compilers go without, and the products fall back to Eigen (see products.hpp).
#if defined(__GNUC__)
#define KD_HAS_VECTORS 1
#else
#define KD_HAS_VECTORS 0
#endif

#if KD_HAS_VECTORS
namespace kd::cpu::simd {

/// The widest vector the target has, and how many of its registers a kernel may plan with.
#if defined(__AVX512F__)
inline constexpr Index width_bytes = 64;
inline constexpr bool many_registers = true;
#elif defined(__AVX__)
inline constexpr Index width_bytes = 32;
inline constexpr bool many_registers = false;
#else
inline constexpr Index width_bytes = 16;
inline constexpr bool many_registers = false;
#endif

template <Real S>
inline constexpr Index width = width_bytes / static_cast<Index>(sizeof(S));

template <class S, Index N>
struct Type {
  typedef S type __attribute__((vector_size(N * sizeof(S))));
};
template <class S>
struct Type<S, 1> {
  using type = S;
};

/// `N` numbers; for `N` = 1 the number itself.
template <class S, Index N>
using Vector = typename Type<S, N>::type;

template <Index N, class S>
inline Vector<S, N> load(const S* from) {
  Vector<S, N> v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

template <class V, class S>
inline void store(const V& v, S* to) {
  std::memcpy(to, &v, sizeof v);
}

/// Writes a block of 4 x 4 numbers transposed.
template <Real S>
inline void transpose4(const S* from, Index from_stride, S* to, Index to_stride) {
  if constexpr (width<S> < 4) {  // two doubles: nothing to gain, and no vector of four to return
    for (Index i = 0; i < 4; ++i)
      for (Index j = 0; j < 4; ++j) to[i * to_stride + j] = from[j * from_stride + i];
  } else {
    const auto a = load<4>(from);
    const auto b = load<4>(from + from_stride);
    const auto c = load<4>(from + 2 * from_stride);
    const auto d = load<4>(from + 3 * from_stride);
    const auto ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    const auto ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const auto cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const auto cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    store(__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5), to);
    store(__builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7), to + to_stride);
    store(__builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5), to + 2 * to_stride);
    store(__builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7), to + 3 * to_stride);
  }
}

}  // namespace kd::cpu::simd
#endif
