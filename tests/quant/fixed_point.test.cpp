// SPDX-License-Identifier: MIT
#include "kd/quant/fixed_point.hpp"

#include "kd/core/random.hpp"
#include "support/catch.hpp"

using namespace kd;
using namespace kd::quant;

TEST_CASE("a factor is a whole number of 31 bits and a shift", "[quant][fixed_point]") {
  CHECK(multiplier_of(1) == Multiplier{1 << 30, 1});
  CHECK(multiplier_of(0.5) == Multiplier{1 << 30, 0});
  CHECK(multiplier_of(0.75) == Multiplier{3 << 29, 0});
  CHECK(multiplier_of(3) == Multiplier{3 << 29, 2});
  CHECK(multiplier_of(0) == Multiplier{});
  // What rounds up to 2^31 is the next power of two.
  CHECK(multiplier_of(1 - 0x1p-40) == Multiplier{1 << 30, 1});
  CHECK(multiplier_of(1 - 0x1p-31) == Multiplier{2147483647, 0});
  CHECK(multiplier_of(0x1p-32) == Multiplier{1 << 30, -31});
  CHECK(multiplier_of(0x1p-33) == Multiplier{});
}

TEST_CASE("products are rounded twice: halves up, then away from zero", "[quant][fixed_point]") {
  CHECK(high_product(3, 1 << 30) == 2);    // 1.5
  CHECK(high_product(-3, 1 << 30) == -1);  // -1.5
  CHECK(high_product(-2147483647 - 1, -2147483647 - 1) == 2147483647);
  CHECK(divided_by_power(5, 1) == 3);    // 2.5
  CHECK(divided_by_power(-5, 1) == -3);  // -2.5
  CHECK(divided_by_power(-7, 2) == -2);  // -1.75
  CHECK(divided_by_power(2147483647, 31) == 1);
  CHECK(divided_by_power(-2147483647 - 1, 31) == -1);
  CHECK(divided_by_power(7, 0) == 7);
  // 2^31 - 1 once would be 0.49999999977, which is 0; twice it is 1, then 1/2, which is 1.
  CHECK(requantise(1, {2147483647, -1}) == 1);
  CHECK(requantise(-1, {2147483647, -1}) == -1);
  CHECK(requantise(100, multiplier_of(3)) == 300);
  CHECK(requantise(-100, multiplier_of(0.125)) == -13);
}

TEST_CASE("requantised numbers are within one of the real product", "[quant][fixed_point]") {
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    const auto x = static_cast<std::int32_t>(rng.below(Index{1} << 25) - (1 << 24));
    const double factor = std::exp(rng.symmetric(9.) - 5);
    const Multiplier by = multiplier_of(factor);
    if (by.shift > 6) continue;
    const double real = static_cast<double>(x) * factor;
    INFO(x << " times " << factor);
    CHECK(std::abs(static_cast<double>(requantise(x, by)) - real) <= 1 + std::abs(real) * 0x1p-30);
  }
}
