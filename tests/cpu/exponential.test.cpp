// SPDX-License-Identifier: MIT
#include "kd/cpu/exponential.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kd/cpu/normal.hpp"
#include "support/catch.hpp"

using namespace kd;

namespace {

/// Of whole vectors, then one by one; `f.template of<N>(vector)`.
template <class S, class F>
std::vector<S> of_all(const std::vector<S>& x, const F& f) {
  constexpr Index N = cpu::simd::width<S>;
  const auto size = static_cast<Index>(x.size());
  std::vector<S> y(x.size());
  Index i = 0;
  for (; i + N <= size; i += N)
    cpu::simd::store(f.template of<N>(cpu::simd::load<N>(x.data() + i)), y.data() + i);
  for (; i < size; ++i)
    y[static_cast<std::size_t>(i)] = f.template of<1>(x[static_cast<std::size_t>(i)]);
  return y;
}

template <class S>
struct Exp {
  template <Index N>
  cpu::simd::Vector<S, N> of(const cpu::simd::Vector<S, N>& x) const {
    return cpu::simd::exp_not_positive<N, S>(x);
  }
};
template <class S>
struct AnyExp {
  template <Index N>
  cpu::simd::Vector<S, N> of(const cpu::simd::Vector<S, N>& x) const {
    return cpu::simd::exp<S>(x);
  }
};
template <class S>
struct Expm1 {
  template <Index N>
  cpu::simd::Vector<S, N> of(const cpu::simd::Vector<S, N>& x) const {
    return cpu::simd::expm1_not_positive<N, S>(x);
  }
};
template <class S>
struct Distribution {
  template <Index N>
  cpu::simd::Vector<S, N> of(const cpu::simd::Vector<S, N>& x) const {
    return cpu::simd::normal<N, S>(x).distribution;
  }
};

template <class S>
std::vector<S> exponentials(const std::vector<S>& x) {
  return of_all(x, Exp<S>{});
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

TEMPLATE_TEST_CASE("the exponential of either sign is right to four units in the last place",
                   "[cpu][exponential]", float, double) {
  using S = TestType;
  constexpr S infinity = std::numeric_limits<S>::infinity();
  const S most = std::is_same_v<S, float> ? S(87) : S(708);
  std::vector<S> x;
  for (int i = -10'001; i <= 10'001; ++i) x.push_back(most * static_cast<S>(i) / S(10'001));
  const std::vector<S> y = of_all(x, AnyExp<S>{});
  long double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double exact = std::exp(static_cast<long double>(x[i]));
    worst = std::max(worst, std::abs(static_cast<long double>(y[i]) - exact) / exact);
  }
  CHECK(worst < 4 * std::numeric_limits<S>::epsilon());
  const std::vector<S> ends{infinity, -infinity, 0,
                            -S(0),    2 * most,  std::numeric_limits<S>::quiet_NaN()};
  for (const bool in_vectors : {true, false}) {
    std::vector<S> all;
    for (int i = 0; i < (in_vectors ? 16 : 1); ++i) all.insert(all.end(), ends.begin(), ends.end());
    const std::vector<S> at_ends = of_all(all, AnyExp<S>{});
    for (std::size_t i = 0; i < all.size(); i += ends.size()) {
      CHECK(at_ends[i] == infinity);
      CHECK(at_ends[i + 1] == 0);
      CHECK(at_ends[i + 2] == 1);
      CHECK(at_ends[i + 3] == 1);
      CHECK(at_ends[i + 4] == infinity);
      CHECK(std::isnan(at_ends[i + 5]));
    }
  }
}

TEMPLATE_TEST_CASE("the exponential less 1 is right to three units in the last place",
                   "[cpu][exponential]", float, double) {
  using S = TestType;
  std::vector<S> x;
  for (int i = 1; i <= 100'003; ++i)
    x.push_back(-static_cast<S>(std::pow(10.L, 2 - 10 * static_cast<long double>(i) / 100'003)));
  const std::vector<S> y = of_all(x, Expm1<S>{});
  long double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double exact = std::expm1(static_cast<long double>(x[i]));
    worst = std::max(worst, std::abs((static_cast<long double>(y[i]) - exact) / exact));
  }
  CHECK(worst < 3 * std::numeric_limits<S>::epsilon());
  const S infinity = std::numeric_limits<S>::infinity();
  const S denormal = std::numeric_limits<S>::denorm_min();
  const Expm1<S> f;
  CHECK(f.template of<1>(S(0)) == 0);
  CHECK(f.template of<1>(-denormal) == -denormal);
  CHECK(f.template of<1>(-infinity) == -1);
  CHECK(std::isnan(f.template of<1>(std::numeric_limits<S>::quiet_NaN())));
}

TEMPLATE_TEST_CASE("the normal distribution has its digits, those of its tail too",
                   "[cpu][exponential]", float, double) {
  using S = TestType;
  const int last = std::is_same_v<S, float> ? 13 : 37;
  std::vector<S> x;
  for (int i = 0; i <= 100'003; ++i)
    x.push_back(static_cast<S>(last) * (static_cast<S>(i) / S(50'000) - 1));
  const std::vector<S> y = of_all(x, Distribution<S>{});
  long double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto at = static_cast<long double>(x[i]);
    const long double exact = std::erfc(-at / std::sqrt(2.L)) / 2;
    const long double allowed = 4 + (at < 0 ? at * at / 2 : 0);
    worst = std::max(worst, std::abs((static_cast<long double>(y[i]) - exact) / exact) / allowed);
  }
  CHECK(worst < std::numeric_limits<S>::epsilon());
}
