// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/thread.cuh"

namespace kd::cuda::detail {

/// The four words of one counter of `kd::Rng`: Philox 4x32 with 10 rounds, bit for bit the host's.
struct PhiloxWords {
  std::uint32_t word[4];
};

__device__ __forceinline__ PhiloxWords philox(std::uint64_t key, std::uint64_t counter) {
  auto c0 = static_cast<std::uint32_t>(counter);
  auto c1 = static_cast<std::uint32_t>(counter >> 32);
  std::uint32_t c2 = 0;
  std::uint32_t c3 = 0;
  auto k0 = static_cast<std::uint32_t>(key);
  auto k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * c0;
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<std::uint32_t>(b >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(b);
    c2 = static_cast<std::uint32_t>(a >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(a);
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace kd::cuda::detail
