// SPDX-License-Identifier: MIT

#include "kd/cpu/ops/guard.hpp"

#include <limits>
#include <utility>

#include "kd/cpu/ops/sum.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

constexpr cpu::Space space{};

/// Whether the guard goes up for these numbers.
template <class S>
bool flags(const Vector<S>& x) {
  std::int32_t guard = 0;
  cpu::op_flag_nonfinite<S>(space, view(x), {&guard, 1});
  return guard != 0;
}

}  // namespace

TEMPLATE_TEST_CASE("a number that is not finite raises the guard, wherever it stands",
                   "[cpu][guard]", float, double) {
  using S = TestType;
  using Limits = std::numeric_limits<S>;
  for (const Index size : {1, 15, 2048, 5000}) {
    Vector<S> x = random_matrix<S>(size, 1, 1);
    CHECK_FALSE(flags<S>(x));
    for (const Index at : {Index{0}, size / 2, size - 1}) {
      for (const S bad : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
        const S kept = std::exchange(x(at), bad);
        INFO(bad << " at " << at << " of " << size);
        CHECK(flags<S>(x));
        x(at) = kept;
      }
    }
    x.setConstant(Limits::max());  // whose sum would be infinite
    CHECK_FALSE(flags<S>(x));
  }
  CHECK_FALSE(flags<S>(Vector<S>()));
}

TEST_CASE("a guard that is up stays up", "[cpu][guard]") {
  std::int32_t guard = 1;
  const Vector<float> fine = Vector<float>::Ones(3);
  cpu::op_flag_nonfinite<float>(space, view(fine), {&guard, 1});
  CHECK(guard == 1);
}

TEST_CASE("a norm is summed and clipped", "[cpu][guard]") {
  for (const Index size : {1, 2048, 5001}) {
    Vector<double> x = random_matrix<double>(size, 1, 1);
    const Vector<double> before = x;
    double sum = 3;
    cpu::op_add_square_sum<double>(space, view(std::as_const(x)), {&sum, 1});
    CHECK(sum == Approx(3 + before.squaredNorm()).epsilon(1e-13));
    sum -= 3;
    cpu::op_clip<double>(space, view(x), {&sum, 1}, 1e9);
    CHECK(x == before);
    cpu::op_clip<double>(space, view(x), {&sum, 1}, 0.1);
    CHECK(x.norm() == Approx(0.1).epsilon(1e-4));
    CHECK(x.isApprox(before * (0.1 / before.norm()), 1e-4));
  }
}

TEST_CASE("what is large is told from what is not finite", "[cpu][guard]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  struct Case {
    double number;
    bool is_large, is_bad;
  };
  for (const auto& [number, is_large, is_bad] :
       {Case{7.9, false, false}, Case{-8, true, false}, Case{infinity, true, true}}) {
    for (const Index at : {0, 4000}) {
      Vector<double> x = Vector<double>::Ones(5000);
      x(at) = number;
      INFO(number << " at " << at);
      std::int32_t large = 0, guard = 0, flag = 0;
      cpu::op_flag_gradients<double>(space, view(std::as_const(x)), 8, {&guard, 1}, {&large, 1});
      cpu::op_flag_large<double>(space, view(std::as_const(x)), 8, {&flag, 1});
      CHECK((large != 0) == is_large);
      CHECK((flag != 0) == is_large);
      CHECK((guard != 0) == is_bad);
    }
  }
}

TEST_CASE("a look ahead notes the first place that is not finite", "[cpu][guard]") {
  Vector<double> x = Vector<double>::Ones(5000);
  const auto look = [&](std::int32_t guard, std::int32_t careful,
                        unsigned long long where = Lookout<>::nowhere) {
    const Lookout<> lookout{{&guard, 1}, {&careful, 1}, {&where, 1}, 100};
    cpu::op_look_at<double>(space, view(std::as_const(x)), lookout);
    return where;
  };
  CHECK(look(0, 1) == Lookout<>::nowhere);
  x(3000) = x(4700) = std::numeric_limits<double>::quiet_NaN();
  CHECK(look(0, 1) == 3100);
  CHECK(look(0, 1, 50) == 50);
  CHECK(look(1, 1) == Lookout<>::nowhere);
  CHECK(look(0, 0) == Lookout<>::nowhere);
  x(4700) = 1;
  CHECK(look(0, 1) == 3100);
}

TEST_CASE("a step counts as good unless a look found something or the guard is up",
          "[cpu][guard]") {
  const auto settle = [](unsigned long long where, std::int32_t guard) {
    std::int32_t good = 4;
    cpu::op_settle_guard(space, {&where, 1}, {&guard, 1}, {&good, 1});
    return std::pair(guard, good);
  };
  CHECK(settle(Lookout<>::nowhere, 0) == std::pair(0, 5));
  CHECK(settle(Lookout<>::nowhere, 1) == std::pair(1, 4));
  CHECK(settle(7, 0) == std::pair(1, 4));
}

TEST_CASE("what was before comes back where the guard is up", "[cpu][guard]") {
  const Vector<double> before = random_matrix<double>(50, 1, 1);
  const Vector<double> after = random_matrix<double>(50, 1, 2);
  for (const std::int32_t guard : {0, 1}) {
    Vector<double> x = after;
    cpu::op_restore<double>(space, view(before), view(x), {&guard, 1});
    CHECK(x == (guard != 0 ? before : after));
  }
}

TEST_CASE("norms that are tiny, huge or not finite are clipped as PyTorch does", "[cpu][guard]") {
  const auto clipped = [](float number, double square_sum, double max_norm) {
    Vector<float> x = Vector<float>::Constant(3, number);
    cpu::op_clip<float>(space, view(x), {&square_sum, 1}, max_norm);
    CHECK(x(0) == x(2));
    return x(0);
  };
  CHECK(clipped(4, 1e-12, 1e-6) == Approx(2));      // 1e-6 is added to the norm
  CHECK(clipped(1e10F, 1e80, 1) == Approx(1e-30));  // by a factor that is no float
  CHECK(clipped(4, std::numeric_limits<double>::infinity(), 1) == 4);
}
