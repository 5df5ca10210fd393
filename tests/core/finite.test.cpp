// SPDX-License-Identifier: MIT
#include "kd/core/finite.hpp"

#include <limits>
#include <vector>

#include "support/catch.hpp"

using namespace kd;

TEMPLATE_TEST_CASE("bits tell what is finite", "[core][finite]", float, double) {
  using S = TestType;
  using Limits = std::numeric_limits<S>;
  STATIC_REQUIRE(detail::is_finite(S(1)));
  STATIC_REQUIRE_FALSE(detail::is_finite(Limits::infinity()));
  STATIC_REQUIRE(detail::positive_infinity<S> == Limits::infinity());
  for (const S good : {S(0), -S(0), S(-1.5), Limits::max(), Limits::lowest(), Limits::min(),
                       Limits::denorm_min(), -Limits::denorm_min()}) {
    CHECK(detail::is_finite(good));
    CHECK_FALSE(detail::is_nan(good));
  }
  for (const S infinite : {Limits::infinity(), -Limits::infinity()}) {
    CHECK_FALSE(detail::is_finite(infinite));
    CHECK_FALSE(detail::is_nan(infinite));
  }
  for (const S nan : {Limits::quiet_NaN(), -Limits::quiet_NaN(), Limits::signaling_NaN()}) {
    CHECK_FALSE(detail::is_finite(nan));
    CHECK(detail::is_nan(nan));
  }
}

TEMPLATE_TEST_CASE("one number that is not finite is seen among many", "[core][finite]", float,
                   double) {
  using S = TestType;
  std::vector<S> x(37, std::numeric_limits<S>::max());
  CHECK(detail::all_finite(x.data(), 37));
  CHECK(detail::all_finite(x.data(), 0));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const S kept = std::exchange(x[i], -std::numeric_limits<S>::infinity());
    CHECK_FALSE(detail::all_finite(x.data(), 37));
    x[i] = kept;
  }
}
