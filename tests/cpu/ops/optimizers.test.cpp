// SPDX-License-Identifier: MIT

#include "kd/cpu/ops/adam.hpp"
#include "kd/cpu/ops/sgd.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

constexpr cpu::Space space{};

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

TEST_CASE("while the guard is up no optimizer changes anything", "[cpu][optimizers]") {
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

TEST_CASE("adam's pass over a block, number by number", "[cpu][optimizers]") {
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
