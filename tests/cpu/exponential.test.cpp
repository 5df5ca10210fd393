// SPDX-License-Identifier: MIT
#include "kd/cpu/exponential.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "support/catch.hpp"

using namespace kd;

namespace {

/// Of whole vectors, then one by one.
template <class S>
std::vector<S> exponentials(const std::vector<S>& x) {
  constexpr Index N = cpu::simd::width<S>;
  const auto size = static_cast<Index>(x.size());
  std::vector<S> y(x.size());
  Index i = 0;
  for (; i + N <= size; i += N)
    cpu::simd::store(cpu::simd::exp_not_positive<N, S>(cpu::simd::load<N>(x.data() + i)),
                     y.data() + i);
  for (; i < size; ++i)
    y[static_cast<std::size_t>(i)] =
        cpu::simd::exp_not_positive<1, S>(x[static_cast<std::size_t>(i)]);
  return y;
}

}  // namespace

TEMPLATE_TEST_CASE("the exponential is right to two units in the last place", "[cpu][exponential]",
                   float, double) {
  using S = TestType;
  const S lowest = std::is_same_v<S, float> ? S(-87) : S(-708);
  std::vector<S> x;
  for (int i = 0; i <= 100'003; ++i) x.push_back(lowest * static_cast<S>(i) / S(100'003));
  const std::vector<S> y = exponentials(x);
  long double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double exact = std::exp(static_cast<long double>(x[i]));
    worst = std::max(worst, std::abs(static_cast<long double>(y[i]) - exact) / exact);
  }
  CHECK(worst < 2 * std::numeric_limits<S>::epsilon());
}

TEMPLATE_TEST_CASE("the exponential at its ends", "[cpu][exponential]", float, double) {
  using S = TestType;
  constexpr S infinity = std::numeric_limits<S>::infinity();
  constexpr S nan = std::numeric_limits<S>::quiet_NaN();
  const std::vector<S> few{0, -S(0), -1e4F, -infinity, nan, std::numeric_limits<S>::lowest(), -nan};
  std::vector<S> x;
  for (int i = 0; i < 17; ++i) x.insert(x.end(), few.begin(), few.end());
  const std::vector<S> y = exponentials(x);
  for (std::size_t i = 0; i < x.size(); i += few.size()) {
    CHECK(y[i] == 1);
    CHECK(y[i + 1] == 1);
    CHECK(y[i + 2] == 0);
    CHECK(y[i + 3] == 0);
    CHECK(std::isnan(y[i + 4]));
    CHECK(y[i + 5] == 0);
    CHECK(std::isnan(y[i + 6]));
  }
}
