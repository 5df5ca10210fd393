// SPDX-License-Identifier: MIT
#include "kd/cpu/optimize.hpp"

#include <limits>

#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

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

struct Adam {
  Vector<float> params, grads, m, v;

  explicit Adam(Index size)
      : params(random_matrix<float>(size, 1, 1)),
        grads(random_matrix<float>(size, 1, 2)),
        m(random_matrix<float>(size, 1, 3)),
        v(random_matrix<float>(size, 1, 4).cwiseAbs()) {}

  void step(std::int32_t guard = 0) {
    const AdamStep<float> settings{.rate = 1e-2F,
                                   .beta1 = 0.9F,
                                   .gain1 = 0.1F,
                                   .beta2 = 0.99F,
                                   .gain2 = 0.01F,
                                   .eps = 1e-8F,
                                   .root_scale = 1.5F,
                                   .decay = 0.999F};
    cpu::op_adam<float>(space, view(params), view(std::as_const(grads)), view(m), view(v), settings,
                        {&guard, 1});
  }
};

}  // namespace

TEMPLATE_TEST_CASE("a number that is not finite raises the guard, wherever it stands",
                   "[cpu][optimize]", float, double) {
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

TEST_CASE("a guard that is up stays up", "[cpu][optimize]") {
  std::int32_t guard = 1;
  const Vector<float> fine = Vector<float>::Ones(3);
  cpu::op_flag_nonfinite<float>(space, view(fine), {&guard, 1});
  CHECK(guard == 1);
}

TEST_CASE("while the guard is up no optimizer changes anything", "[cpu][optimize]") {
  Adam adam(5000);
  const Adam before = adam;
  adam.step(1);
  CHECK(adam.params == before.params);
  CHECK(adam.m == before.m);
  CHECK(adam.v == before.v);

  Vector<float> velocity = before.m;
  std::int32_t guard = 1;
  const SgdStep<float> settings{
      .rate = 0.1F, .momentum = 0.9F, .weight_decay = 0, .nesterov = false, .first = false};
  cpu::op_sgd<float>(space, view(adam.params), view(before.grads), view(velocity), settings,
                     {&guard, 1});
  CHECK(adam.params == before.params);
  CHECK(velocity == before.m);
}

TEST_CASE("adam's pass over a block, number by number", "[cpu][optimize]") {
  for (const Index size : {1, 2048, 2049, 50'000}) {
    Adam adam(size);
    const Adam before = adam;
    adam.step();
    double worst = 0;
    for (Index i = 0; i < size; ++i) {
      const double g = before.grads(i);
      const double m = 0.9 * before.m(i) + 0.1 * g;
      const double v = 0.99 * before.v(i) + 0.01 * g * g;
      const double p = 0.999 * before.params(i) - 0.01 * m / (std::sqrt(v) * 1.5 + 1e-8);
      worst = std::max(
          {worst, std::abs(p - adam.params(i)), std::abs(m - adam.m(i)), std::abs(v - adam.v(i))});
    }
    CHECK(worst < 1e-6);
    Adam again = before;
    const kd::test::Threads use(2);
    again.step();
    CHECK(again.params == adam.params);
  }
}

TEST_CASE("a norm is summed and clipped", "[cpu][optimize]") {
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
