// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "kd/core/types.hpp"

/// g++ fuses `sum += a * b` into one instruction, but tuned for some processors, AMD's Zen among
/// them, not for a sum that is the only one of its loop.
#if defined(__FMA__) && defined(__GNUC__) && !defined(__clang__)
#define KD_LEAVES_LONE_SUMS 1
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__GNUC__) && !defined(__clang__)
#define KD_LEAVES_LONE_SUMS 1
#include <arm_neon.h>
#else
#define KD_LEAVES_LONE_SUMS 0
#endif

/// Vectors as g++ and clang have them built in: `a * b + c` on sixteen floats at once.
/// With other compilers a vector is a scalar, and the products are Eigen's (see linear.hpp).
#if defined(__GNUC__)
#define KD_HAS_VECTORS 1
#else
#define KD_HAS_VECTORS 0
#endif

namespace kd::cpu::simd {

/// The widest vector the target has, and how many of its registers a kernel may plan with.
#if !KD_HAS_VECTORS
inline constexpr Index width_bytes = 0;
inline constexpr bool many_registers = false;
#elif defined(__AVX512F__)
inline constexpr Index width_bytes = 64;
inline constexpr bool many_registers = true;
#elif defined(__AVX__)
inline constexpr Index width_bytes = 32;
inline constexpr bool many_registers = false;
#else
inline constexpr Index width_bytes = 16;
#if defined(__aarch64__)
inline constexpr bool many_registers = true;
#else
inline constexpr bool many_registers = false;
#endif
#endif

template <Real S>
inline constexpr Index width = KD_HAS_VECTORS ? width_bytes / static_cast<Index>(sizeof(S)) : 1;

template <class S, Index N>
struct Type {
#if KD_HAS_VECTORS
  typedef S type __attribute__((vector_size(N * sizeof(S))));
#endif
};
template <class S>
struct Type<S, 1> {
  using type = S;
};

/// `N` elements; for `N` = 1 the scalar itself.
template <class S, Index N>
using Vector = typename Type<S, N>::type;

/// `N` of them in a row. kd's sizes are signed, those of C++ are not.
template <class T, Index N>
using Array = T[static_cast<std::size_t>(N)];

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

/// `N` times the same value. (To take 0 away needs no instruction; to add it would, for -0.)
template <Index N, class S>
inline Vector<S, N> spread(S value) {
  return value - Vector<S, N>{};
}

/// Square roots: Eigen's, because a loop over `std::sqrt` becomes vector code only under compiler
/// flags that a header cannot set.
template <Index N, Real S>
inline Vector<S, N> sqrt(const Vector<S, N>& v) {
  if constexpr (N == 1) {
    return std::sqrt(v);
  } else {
    using Values = Eigen::Array<S, N, 1>;
    Values roots;
    std::memcpy(roots.data(), &v, sizeof v);
    roots = roots.sqrt().eval();
    return load<N>(roots.data());
  }
}

/// The sum of a vector's elements.
template <Index N, Real S>
inline S sum_of(const Vector<S, N>& x) {
  if constexpr (N == 1) {
    return x;
  } else {
    S sum = 0;
    for (Index i = 0; i < N; ++i) sum += x[i];
    return sum;
  }
}

/// Takes the bits of one vector for another of the same size.
template <class To, class From>
inline To bits_as(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

/// Keeps a vector in its register as it is: it is not loaded anew wherever it is used, as g++
/// would, nor is what it was computed from combined with what is computed from it.
template <class V>
#if KD_HAS_VECTORS
[[gnu::always_inline]]
#endif
inline void
keep([[maybe_unused]] V& v) {
#if defined(__SSE2__) && KD_HAS_VECTORS
  asm("" : "+v"(v));
#elif defined(__aarch64__) && KD_HAS_VECTORS
  asm("" : "+w"(v));
#elif defined(__FAST_MATH__) && KD_HAS_VECTORS
  asm("" : "+m"(v));
#endif
}

#if KD_LEAVES_LONE_SUMS
namespace detail {

#if defined(__aarch64__)
inline float32x4_t fused(float32x4_t a, float32x4_t b, float32x4_t c) { return vfmaq_f32(c, a, b); }
inline float64x2_t fused(float64x2_t a, float64x2_t b, float64x2_t c) { return vfmaq_f64(c, a, b); }
#else
inline __m128 fused(__m128 a, __m128 b, __m128 c) { return _mm_fmadd_ps(a, b, c); }
inline __m128d fused(__m128d a, __m128d b, __m128d c) { return _mm_fmadd_pd(a, b, c); }
inline __m256 fused(__m256 a, __m256 b, __m256 c) { return _mm256_fmadd_ps(a, b, c); }
inline __m256d fused(__m256d a, __m256d b, __m256d c) { return _mm256_fmadd_pd(a, b, c); }
#if defined(__AVX512F__)
inline __m512 fused(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
inline __m512d fused(__m512d a, __m512d b, __m512d c) { return _mm512_fmadd_pd(a, b, c); }
#endif
#endif

}  // namespace detail
#endif

/// `sum += a * b`, rounded once where the target can: so that what a sum becomes does not depend on
/// how many others its tile has.
template <class V>
#if KD_HAS_VECTORS
[[gnu::always_inline]]
#endif
inline void
add_product(V& sum, const V& a, const V& b) {
#if KD_LEAVES_LONE_SUMS
  if constexpr (std::is_floating_point_v<V>) {
    sum = std::fma(a, b, sum);
  } else if constexpr (sizeof(V) >= 16) {
    sum = detail::fused(a, b, sum);
  } else {
    static_assert(sizeof(V) == 2 * sizeof(sum[0]));
    sum[0] = std::fma(a[0], b[0], sum[0]);
    sum[1] = std::fma(a[1], b[1], sum[1]);
  }
#else
  sum += a * b;
#endif
}

/// The same with `b` times every element of `a`.
template <class V, Real S>
requires(!std::same_as<V, S>)
#if KD_HAS_VECTORS
    [[gnu::always_inline]]
#endif
    inline void add_product(V& sum, const V& a, S b) {
  add_product(sum, a, b - V{});
}

#if KD_HAS_VECTORS

namespace detail {

// Places are spelled out: nvcc cannot make a list of them.

/// `a[0] + a[N/2], b[0] + b[N/2], a[1] + a[N/2 + 1], ...`
template <Index N, class V>
[[gnu::always_inline]] inline V weave(const V& a, const V& b) {
  static_assert(N == 2 || N == 4 || N == 8 || N == 16);
  if constexpr (N == 2) {
    return __builtin_shufflevector(a, b, 0, 2) + __builtin_shufflevector(a, b, 1, 3);
  } else if constexpr (N == 4) {
    return __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
  } else if constexpr (N == 8) {
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11) +
           __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  } else {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23) +
           __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                   31);
  }
}

/// `v[0] + v[N/2], v[1] + v[N/2 + 1], ...`
template <Index N, class V>
[[gnu::always_inline]] inline auto halve(const V& v) {
  static_assert(N == 4 || N == 8 || N == 16);
  if constexpr (N == 4) {
    return __builtin_shufflevector(v, v, 0, 1) + __builtin_shufflevector(v, v, 2, 3);
  } else if constexpr (N == 8) {
    return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
  } else {
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
           __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  }
}

}  // namespace detail

/// Every other element of `2 N` in a row.
template <Index N, class S>
[[gnu::always_inline]] inline Vector<S, N> load_evens(const S* from) {
  static_assert(N == 2 || N == 4 || N == 8);
  const auto a = load<N>(from), b = load<N>(from + N);
  if constexpr (N == 2) {
    return __builtin_shufflevector(a, b, 0, 2);
  } else if constexpr (N == 4) {
    return __builtin_shufflevector(a, b, 0, 2, 4, 6);
  } else {
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
  }
}

/// The sums of `M` vectors of `N` elements, one for each: `out[i] = sum of v[i]`.
///
/// Two vectors become one in which their sums so far alternate, until one vector is left, which
/// repeats all of them in order and is folded down to one period.
template <class S, Index N, Index M, std::size_t V>
[[gnu::always_inline]] inline Vector<S, M> sums(const Vector<S, N> (&v)[V]) {
  if constexpr (V > 1) {
    Vector<S, N> woven[V / 2];
    for (std::size_t i = 0; i < V / 2; ++i) woven[i] = detail::weave<N>(v[i], v[i + V / 2]);
    return sums<S, N, M>(woven);
  } else if constexpr (N == M) {
    return v[0];
  } else if constexpr (N == 2) {
    return v[0][0] + v[0][1];
  } else {
    const Vector<S, N / 2> half[1] = {detail::halve<N>(v[0])};
    return sums<S, N / 2, M>(half);
  }
}

/// Writes a block of 4 x 4 elements transposed.
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

#endif

}  // namespace kd::cpu::simd
