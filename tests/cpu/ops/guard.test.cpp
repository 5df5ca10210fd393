// SPDX-License-Identifier: MIT

#include "kd/cpu/ops/guard.hpp"

#include <limits>

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
