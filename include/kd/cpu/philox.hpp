// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "kd/core/random.hpp"
#include "kd/cpu/simd.hpp"

// Those that Eigen includes, too: <immintrin.h> alone would be a third of all that kd costs.
#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace kd::cpu {

#if KD_HAS_VECTORS && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

namespace detail {

inline constexpr Index philox_lanes = simd::width_bytes / 8;
using Words = simd::Vector<std::uint64_t, philox_lanes>;

/// The products of the lower halves. Processors have an instruction for it, but no compiler sees in
/// a product of 64 bits that the upper halves do not count.
[[gnu::always_inline]] inline Words multiply_lower(const Words& a, const Words& b) {
#if defined(__AVX512F__)
  return simd::bits_as<Words>(
      _mm512_maskz_mul_epu32(0xFF, simd::bits_as<__m512i>(a), simd::bits_as<__m512i>(b)));
#elif defined(__AVX2__)
  return simd::bits_as<Words>(
      _mm256_mul_epu32(simd::bits_as<__m256i>(a), simd::bits_as<__m256i>(b)));
#elif defined(__SSE2__) && !defined(__AVX__)
  return simd::bits_as<Words>(_mm_mul_epu32(simd::bits_as<__m128i>(a), simd::bits_as<__m128i>(b)));
#elif defined(__aarch64__)
  return simd::bits_as<Words>(
      vmull_u32(vmovn_u64(simd::bits_as<uint64x2_t>(a)), vmovn_u64(simd::bits_as<uint64x2_t>(b))));
#else
  return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
#endif
}

}  // namespace detail

/// `rng.group(g)`, its counters side by side in vectors, even ones in one and odd ones in the next.
/// A word stands in the lower half of 64 bits; what the upper half holds does not matter.
inline std::array<std::uint32_t, 64> random_group(const Rng& rng, std::uint64_t g) {
  using detail::Words;
  constexpr Index N = detail::philox_lanes;
  Words even{};
  for (Index l = 0; l < N; ++l) even[l] = g * 16 + static_cast<std::uint64_t>(2 * l);
  const Words factor_a = simd::spread<N>(std::uint64_t{0xD2511F53});
  const Words factor_b = simd::spread<N>(std::uint64_t{0xCD9E8D57});
  std::array<std::uint32_t, 64> words;
  for (Index first = 0; first < 16; first += 2 * N) {
    Words c[4][2]{};
    for (Index odd = 0; odd < 2; ++odd) {
      c[0][odd] = even + static_cast<std::uint64_t>(first + odd);
      c[1][odd] = c[0][odd] >> 32;
    }
    auto k0 = static_cast<std::uint32_t>(rng.key());
    auto k1 = static_cast<std::uint32_t>(rng.key() >> 32);
    for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9, k1 += 0xBB67AE85)
      for (Index odd = 0; odd < 2; ++odd) {
        const Words a = detail::multiply_lower(c[0][odd], factor_a);
        const Words b = detail::multiply_lower(c[2][odd], factor_b);
        c[0][odd] = (b >> 32) ^ c[1][odd] ^ std::uint64_t{k0};
        c[1][odd] = b;
        c[2][odd] = (a >> 32) ^ c[3][odd] ^ std::uint64_t{k1};
        c[3][odd] = a;
      }
    for (Index w = 0; w < 4; ++w)
      simd::store((c[w][0] & 0xFFFFFFFFu) | c[w][1] << 32, words.data() + 16 * w + first);
  }
  return words;
}

#else

inline std::array<std::uint32_t, 64> random_group(const Rng& rng, std::uint64_t g) {
  return rng.group(g);
}

#endif

}  // namespace kd::cpu
