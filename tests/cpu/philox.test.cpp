// SPDX-License-Identifier: MIT
#include "kd/cpu/philox.hpp"

#include "support/catch.hpp"

using namespace kd;

TEST_CASE("vectors of Philox give the words of a group", "[cpu][random]") {
  // Groups whose counters cross into the second word, and the last of all.
  for (const std::uint64_t group :
       {0ULL, 1ULL, 77ULL, (1ULL << 28) - 1, 1ULL << 28, (1ULL << 57) + 3, (1ULL << 60) - 1})
    for (const std::uint64_t seed : {0ULL, 2024ULL, ~0ULL}) {
      INFO("group " << group << ", seed " << seed);
      CHECK(cpu::random_group(Rng(seed), group) == Rng(seed).group(group));
    }
}
