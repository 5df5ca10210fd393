// SPDX-License-Identifier: MIT
#include "kd/core/random.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "support/catch.hpp"

namespace {

using Block = std::array<std::uint32_t, 4>;

Block philox(const Block& counter, std::uint64_t key) {
  kd::detail::PhiloxBlocks<1> c{};
  for (std::size_t w = 0; w < 4; ++w) c[w][0] = counter[w];
  kd::detail::philox_rounds(key, c);
  return {c[0][0], c[1][0], c[2][0], c[3][0]};
}

}  // namespace

// The vectors that are published with the authors' implementation, Random123 (kat_vectors).
TEST_CASE("Philox 4x32-10 gives the published numbers", "[core][random]") {
  CHECK(philox({0, 0, 0, 0}, 0) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffffffffffff) ==
        Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("many lanes of Philox are many single ones", "[core][random]") {
  const std::uint64_t key = 0x0123456789abcdef;
  const std::uint64_t counter = 0xfffffff8;  // crosses into the second word
  const auto many = kd::detail::philox<16>(key, counter);
  for (std::size_t l = 0; l < 16; ++l) {
    const auto one = kd::detail::philox<1>(key, counter + l);
    for (std::size_t w = 0; w < 4; ++w) CHECK(many[w][l] == one[w][0]);
  }
}

TEST_CASE("words are laid out as documented", "[core][random]") {
  const kd::Rng rng(42);
  for (std::uint64_t group = 0; group < 3; ++group) {
    const auto c = kd::detail::philox<16>(rng.key(), 16 * group);
    for (std::size_t w = 0; w < 4; ++w)
      for (std::size_t l = 0; l < 16; ++l) REQUIRE(rng.word(64 * group + 16 * w + l) == c[w][l]);
  }
}

TEST_CASE("next() draws the words in order, and copies go on from there", "[core][random]") {
  kd::Rng rng(7);
  const kd::Rng fresh(7);
  for (std::uint64_t i = 0; i < 150; ++i) REQUIRE(rng.next() == fresh.word(i));
  kd::Rng copy = rng;
  CHECK(copy.next() == fresh.word(150));
  CHECK(rng.next() == fresh.word(150));
}

TEST_CASE("everything a seed gives is pinned", "[core][random]") {
  // Computed by a second implementation, in Python; every compiler and processor must give the
  // same.
  STATIC_REQUIRE(kd::Rng(0).word(0) == 0x6627e8d5);
  STATIC_REQUIRE(kd::Rng(0).word(16) == 0xe169c58d);
  STATIC_REQUIRE(kd::Rng(0).stream(1).key() == 0xf5aa260b4d789cc1);
  STATIC_REQUIRE(kd::Rng(0).stream(2).stream(1).key() == 0x789519fbb440e30d);
  kd::Rng rng(2024);
  CHECK(rng.uniform() == 0x1.3516d6p-1F);
  CHECK(rng.symmetric(0.5F) == -0x1.3acf5cp-3F);
  CHECK(rng.symmetric(0.5) == 0x1.344ce8p-4);
  CHECK(rng.below(1000) == 664);
  std::vector<int> order(10);
  std::iota(order.begin(), order.end(), 0);
  kd::shuffle(order, kd::Rng(2024));
  CHECK(order == std::vector<int>{1, 9, 5, 8, 2, 0, 7, 4, 3, 6});
}

TEST_CASE("streams differ from each other and from their parent", "[core][random]") {
  const kd::Rng parent(3);
  std::vector<std::uint64_t> keys{parent.key()};
  for (std::uint64_t id = 0; id < 1000; ++id) keys.push_back(parent.stream(id).key());
  std::sort(keys.begin(), keys.end());
  CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
  kd::Rng drawn = parent;
  drawn.next();
  CHECK(drawn.stream(5).key() == parent.stream(5).key());  // whatever has been drawn before
}

TEST_CASE("uniform numbers are where they should be", "[core][random]") {
  kd::Rng rng(1);
  const int count = 100'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < count; ++i) {
    const float u = rng.uniform();
    REQUIRE((u >= 0 && u < 1));
    sum += u;
    squares += double{u} * u;
  }
  // Five standard deviations of the mean: 5 / sqrt(12 n); those of a square: 5 sqrt(4/45/n).
  CHECK_THAT(sum / count, WithinAbs(0.5, 5 / std::sqrt(12. * count)));
  CHECK_THAT(squares / count, WithinAbs(1. / 3, 5 * std::sqrt(4. / 45 / count)));

  double symmetric_sum = 0;
  for (int i = 0; i < count; ++i) {
    const float s = rng.symmetric(0.25F);
    REQUIRE(std::abs(s) < 0.25F);
    REQUIRE(s != 0);
    symmetric_sum += s;
  }
  CHECK_THAT(symmetric_sum / count, WithinAbs(0, 5 * 0.25 / std::sqrt(3. * count)));
}

TEST_CASE("below() is even and in range", "[core][random]") {
  for (const kd::Index n : {1, 2, 3, 7, 10, 1000}) {
    kd::Rng rng(static_cast<std::uint64_t>(n));
    const int draws = 20'000;
    std::vector<int> counts(static_cast<std::size_t>(n));
    for (int i = 0; i < draws; ++i) {
      const kd::Index k = rng.below(n);
      REQUIRE((k >= 0 && k < n));
      ++counts[static_cast<std::size_t>(k)];
    }
    const double expected = static_cast<double>(draws) / static_cast<double>(n);
    double chi_square = 0;
    for (const int c : counts) chi_square += (c - expected) * (c - expected) / expected;
    const auto freedom = static_cast<double>(n - 1);
    INFO("n = " << n);
    CHECK(chi_square <= freedom + 5 * std::sqrt(2 * freedom));
  }
}

TEST_CASE("below() has not the bias of a remainder", "[core][random]") {
  // With n = 3 * 2^30 a plain remainder of 32 bits would give the first third twice as often.
  kd::Rng rng(9);
  const kd::Index third = kd::Index{1} << 30;
  const int draws = 30'000;
  int first = 0;
  for (int i = 0; i < draws; ++i) first += rng.below(3 * third) < third ? 1 : 0;
  CHECK_THAT(first / double{draws}, WithinAbs(1. / 3, 5 * std::sqrt(2. / 9 / draws)));
}

TEST_CASE("shuffle gives a permutation, each as likely", "[core][random]") {
  std::vector<int> items(257);
  std::iota(items.begin(), items.end(), 0);
  const std::vector<int> sorted = items;
  kd::shuffle(items, kd::Rng(5));
  CHECK(items != sorted);
  CHECK(std::is_permutation(items.begin(), items.end(), sorted.begin()));

  std::array<int, 6> counts{};
  const int draws = 6000;
  for (int i = 0; i < draws; ++i) {
    std::array<int, 3> three{0, 1, 2};
    kd::shuffle(three, kd::Rng(11).stream(static_cast<std::uint64_t>(i)));
    const int rank = three[0] * 2 + (three[1] > three[2] ? 1 : 0);
    ++counts[static_cast<std::size_t>(rank)];
  }
  for (const int c : counts) CHECK(std::abs(c - draws / 6) < 5 * std::sqrt(draws * 5. / 36));

  std::vector<int> none;
  kd::shuffle(none, kd::Rng(0));
  CHECK(none.empty());
}
