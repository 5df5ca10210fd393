// SPDX-License-Identifier: MIT
#include "kd/cpu/ops/activation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kd/core/matrix.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::random_matrix;
using Exact = long double;

namespace {

constexpr cpu::Space space{};

Exact sigmoid(Exact x) { return 1 / (1 + std::exp(-x)); }
Exact phi(Exact x) { return std::erfc(-x / std::sqrt(2.L)) / 2; }

template <class S, class F>
Vector<S> values(F f, const Vector<S>& x) {
  Vector<S> y(x.size());
  cpu::op_activation_forward<F, S>(space, f, view(x), view(y));
  return y;
}

template <class S, class F>
void add_slopes(F f, const Vector<S>& x, const Vector<S>& dy, Vector<S>& dx, Write write) {
  const Vector<S> y = values<S>(f, x);
  cpu::op_activation_backward<F, S>(space, f, view(x), view(y), view(dy), view(dx), write);
}

/// Holds a function and its slope against their definitions, where exponentials are normal
/// numbers: the value to some units in the last place of its own, the slope to some of 1.
template <class S, class F, class Value, class Slope>
void check_exact(const char* name, F f, Exact lowest, Exact roundings, Value value, Slope slope) {
  const Index size = 40'003;
  Vector<S> x(size);
  for (Index i = 0; i < size; ++i) {
    const Exact at = lowest * (2 * static_cast<Exact>(i) / (size - 1) - 1);
    // Every other one is small.
    x(i) = static_cast<S>(i % 2 == 0 ? at : at * std::pow(10.L, -static_cast<Exact>(i % 37) / 4));
  }
  const Vector<S> y = values<S>(f, x);
  Vector<S> dx(size);
  add_slopes<S>(f, x, Vector<S>::Ones(size), dx, Write::overwrite);
  Exact worst = 0;
  Exact worst_slope = 0;
  for (Index i = 0; i < size; ++i) {
    const Exact at = x(i);
    const Exact exact = value(at);
    const Exact distance = std::abs(static_cast<Exact>(y(i)) - exact);
    if (distance > 0)
      worst = std::max(worst,
                       distance / std::max(std::abs(exact), Exact{std::numeric_limits<S>::min()}));
    worst_slope = std::max(worst_slope, std::abs(static_cast<Exact>(dx(i)) - slope(at)));
  }
  INFO(name);
  constexpr Exact eps = std::numeric_limits<S>::epsilon();
  CHECK(static_cast<double>(worst / eps) < roundings);
  CHECK(static_cast<double>(worst_slope / eps) < 4);
}

/// Calls `check(name, f)` for every function.
template <class S, class Check>
void for_each_function(Check&& check) {
  check("ReLU6", activation::ReLU6{});
  check("LeakyReLU", activation::LeakyReLU<S>{S(0.25)});
  check("HardSwish", activation::HardSwish{});
  check("GELU", activation::GELU{});
  check("SiLU", activation::SiLU{});
  check("Tanh", activation::Tanh{});
  check("Sigmoid", activation::Sigmoid{});
}

}  // namespace

TEMPLATE_TEST_CASE("activations are right to a few units in the last place", "[cpu][activation]",
                   float, double) {
  using S = TestType;
  const Exact most = std::is_same_v<S, float> ? 85 : 700;
  check_exact<S>(
      "Tanh", activation::Tanh{}, most, 3, [](Exact x) { return std::tanh(x); },
      [](Exact x) { return 1 - std::tanh(x) * std::tanh(x); });
  check_exact<S>("Sigmoid", activation::Sigmoid{}, most, 3, sigmoid,
                 [](Exact x) { return sigmoid(x) * sigmoid(-x); });
  check_exact<S>(
      "SiLU", activation::SiLU{}, most, 3, [](Exact x) { return x * sigmoid(x); },
      [](Exact x) { return sigmoid(x) * (1 + x * sigmoid(-x)); });
  const auto gelu = [](Exact x) { return x * phi(x); };
  const auto gelu_slope = [](Exact x) {
    return phi(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.L));
  };
  check_exact<S>("GELU", activation::GELU{}, 4, 9, gelu, gelu_slope);
  check_exact<S>("GELU far out", activation::GELU{}, std::is_same_v<S, float> ? 13 : 37,
                 std::is_same_v<S, float> ? 60 : 400, gelu, gelu_slope);
  check_exact<S>(
      "HardSwish", activation::HardSwish{}, 6.25, 3,
      [](Exact x) { return x <= -3  ? 0
                           : x >= 3 ? x
                                    : x * (x + 3) / 6; },
      [](Exact x) { return x <= -3  ? 0
                           : x >= 3 ? 1
                                    : x / 3 + 0.5L; });
  check_exact<S>(
      "ReLU6", activation::ReLU6{}, 20, 1, [](Exact x) { return std::clamp(x, 0.L, 6.L); },
      [](Exact x) { return x <= 0 || x >= 6 ? 0 : 1; });
  check_exact<S>(
      "LeakyReLU", activation::LeakyReLU<S>{S(0.25)}, 20, 1,
      [](Exact x) { return x > 0 ? x : x / 4; }, [](Exact x) { return x > 0 ? 1 : 0.25L; });
}

TEMPLATE_TEST_CASE("what a number becomes does not depend on its place", "[cpu][activation]", float,
                   double) {
  using S = TestType;
  const Vector<S> all = 8 * random_matrix<S>(10'000, 1, 1);
  const Vector<S> all_dy = random_matrix<S>(10'000, 1, 2);
  for_each_function<S>([&](const char* name, auto f) {
    const Vector<S> y = values<S>(f, all);
    Vector<S> dx(all.size());
    add_slopes<S>(f, all, all_dy, dx, Write::overwrite);
    for (const Index count : {0, 1, 3, 31, 32, 33, 2047, 2048, 2049, 9'998}) {
      for (const Index first : {0, 1, 2}) {
        const Vector<S> x = all.segment(first, count);
        const Vector<S> dy = all_dy.segment(first, count);
        INFO(name << ", " << count << " from " << first);
        CHECK(values<S>(f, x) == y.segment(first, count));
        Vector<S> some = Vector<S>::Constant(count, std::numeric_limits<S>::quiet_NaN());
        add_slopes<S>(f, x, dy, some, Write::overwrite);
        CHECK(some == dx.segment(first, count));
        Vector<S> sum = Vector<S>::Constant(count, 2);
        add_slopes<S>(f, x, dy, sum, Write::add);
        // A compiler may round a product and a sum at once.
        CHECK((sum - some)
                  .isApprox(Vector<S>::Constant(count, 2), 8 * std::numeric_limits<S>::epsilon()));
      }
    }
  });
}

TEST_CASE("activations are the same on any number of threads", "[cpu][activation]") {
  const Vector<float> x = 5 * random_matrix<float>(100'001, 1, 1);
  for_each_function<float>([&](const char* name, auto f) {
    const Vector<float> alone = values<float>(f, x);
    const kd::test::Threads use(2);
    INFO(name);
    CHECK(values<float>(f, x) == alone);
  });
}

TEMPLATE_TEST_CASE("tanh keeps the sign of zero and of what is small", "[cpu][activation]", float,
                   double) {
  using S = TestType;
  Vector<S> x(5);
  x << S(0), -S(0), std::numeric_limits<S>::denorm_min(), -std::numeric_limits<S>::denorm_min(),
      -std::numeric_limits<S>::min();
  const Vector<S> y = values<S>(activation::Tanh{}, x);
  CHECK(y == x);
  CHECK_FALSE(std::signbit(y(0)));
  CHECK(std::signbit(y(1)));
}
