// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kd/core/types.hpp"

namespace kd {

namespace detail {

/// `Lanes` blocks of 128 bits, word by word: vector instructions work on one word of all of them.
template <std::size_t Lanes>
using PhiloxBlocks = std::array<std::array<std::uint32_t, Lanes>, 4>;

/// Philox 4x32 with 10 rounds: turns 128 bits of counter, under a key of 64, into 128 random bits.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
///
/// Each step is a loop over the lanes, which compilers turn into vector instructions. Words stand
/// in the lower halves of 64 bits there, so that their products need no shuffling.
template <std::size_t Lanes>
constexpr void philox_rounds(std::uint64_t key, PhiloxBlocks<Lanes>& blocks) {
  std::uint64_t c[4][Lanes]{};
  for (std::size_t w = 0; w < 4; ++w)
    for (std::size_t l = 0; l < Lanes; ++l) c[w][l] = blocks[w][l];
  auto k0 = static_cast<std::uint32_t>(key);
  auto k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    for (std::size_t l = 0; l < Lanes; ++l) {
      const std::uint64_t a = std::uint64_t{0xD2511F53} * static_cast<std::uint32_t>(c[0][l]);
      const std::uint64_t b = std::uint64_t{0xCD9E8D57} * static_cast<std::uint32_t>(c[2][l]);
      c[0][l] = (b >> 32) ^ c[1][l] ^ k0;
      c[1][l] = static_cast<std::uint32_t>(b);
      c[2][l] = (a >> 32) ^ c[3][l] ^ k1;
      c[3][l] = static_cast<std::uint32_t>(a);
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  for (std::size_t w = 0; w < 4; ++w)
    for (std::size_t l = 0; l < Lanes; ++l) blocks[w][l] = static_cast<std::uint32_t>(c[w][l]);
}

/// The random bits of `Lanes` consecutive counters from `counter` on.
template <std::size_t Lanes>
constexpr PhiloxBlocks<Lanes> philox(std::uint64_t key, std::uint64_t counter) {
  PhiloxBlocks<Lanes> c{};
  for (std::size_t l = 0; l < Lanes; ++l) {
    const std::uint64_t position = counter + l;
    c[0][l] = static_cast<std::uint32_t>(position);
    c[1][l] = static_cast<std::uint32_t>(position >> 32);
  }
  philox_rounds(key, c);
  return c;
}

}  // namespace detail

/// A counter-based generator: the n-th number of a seed is a pure function of seed and n.
///
/// So a seed gives the same weights, shuffles and dropout masks on every compiler, Eigen version,
/// number of threads and device. A value type: copies go on from the same place.
class Rng {
 public:
  explicit constexpr Rng(std::uint64_t seed = 0) : key_(seed) {}

  /// An independent generator for the part of the work that `id` names (a layer, an epoch).
  constexpr Rng stream(std::uint64_t id) const {
    // Counters from 2^63 on are kept for this, out of reach of the numbers that are drawn.
    const auto c = detail::philox<1>(key_, (std::uint64_t{1} << 63) + id);
    return Rng(c[0][0] | std::uint64_t{c[1][0]} << 32);
  }

  /// The key, for kernels that compute their own numbers.
  constexpr std::uint64_t key() const { return key_; }

  /// The 32 random bits at position `i`, whatever has been drawn before.
  ///
  /// Positions run through 16 counters side by side: 64 g + 16 w + l is word w of counter
  /// 16 g + l, so that 16 vector lanes write 16 neighbours.
  constexpr std::uint32_t word(std::uint64_t i) const {
    const auto c = detail::philox<1>(key_, i / 64 * 16 + i % 16);
    return c[static_cast<std::size_t>(i / 16 % 4)][0];
  }

  /// `word(64 g)` to `word(64 g + 63)`, at a fraction of their cost one by one.
  constexpr std::array<std::uint32_t, 64> group(std::uint64_t g) const {
    std::array<std::uint32_t, 64> words{};
    for (std::size_t half = 0; half < 16; half += 8) {
      const auto c = detail::philox<8>(key_, g * 16 + half);
      for (std::size_t w = 0; w < 4; ++w)
        for (std::size_t l = 0; l < 8; ++l) words[16 * w + half + l] = c[w][l];
    }
    return words;
  }

  /// The next 32 random bits: `word(0)`, `word(1)`, ...
  constexpr std::uint32_t next() {
    if (position_ % 64 == 0) group_ = group(position_ / 64);
    return group_[position_++ % 64];
  }

  /// Uniform in `[0, 1)`: a multiple of 2^-24.
  constexpr float uniform() { return static_cast<float>(next() >> 8) * 0x1p-24F; }

  /// Uniform in `(-bound, bound)`; one rounding, hence the same on every machine.
  template <Real S>
  constexpr S symmetric(S bound) {
    const auto centred = static_cast<std::int32_t>(next() >> 8) - 0x800000;
    return bound * ((static_cast<S>(centred) + S(0.5)) * S(0x1p-23));
  }

  /// Uniform in `[0, n)`, n below 2^32, without the bias of a remainder.
  /// Source: Lemire, "Fast random integer generation in an interval", 2019.
  constexpr Index below(Index n) {
    const auto bound = static_cast<std::uint32_t>(n);
    std::uint64_t product = std::uint64_t{next()} * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
      const std::uint32_t threshold = -bound % bound;
      while (static_cast<std::uint32_t>(product) < threshold)
        product = std::uint64_t{next()} * bound;
    }
    return static_cast<Index>(product >> 32);
  }

 private:
  std::uint64_t key_;
  std::uint64_t position_ = 0;
  std::array<std::uint32_t, 64> group_{};  // the words around position_, once one is drawn
};

/// Puts `items` into a random order (Fisher-Yates).
template <class Container>
constexpr void shuffle(Container& items, Rng rng) {
  for (auto n = static_cast<Index>(items.size()); n > 1; --n) {
    const auto last = static_cast<std::size_t>(n - 1);
    const auto other = static_cast<std::size_t>(rng.below(n));
    const auto kept = items[last];
    items[last] = items[other];
    items[other] = kept;
  }
}

}  // namespace kd
