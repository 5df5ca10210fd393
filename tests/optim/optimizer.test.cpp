// SPDX-License-Identifier: MIT
#include "kd/optim/optimizer.hpp"

#include "kd/core/matrix.hpp"
#include "kd/optim/adam.hpp"
#include "kd/optim/sgd.hpp"
#include "support/catch.hpp"

using namespace kd;

namespace {

/// Steps `params` numbers with a state for `held`, made by `maker`.
template <Optimizer O>
void step(const O& optimizer, const O& maker, Index params, Index grads, Index held) {
  const cpu::Space space;
  auto state = maker.template make_state<float>(held, space);
  Vector<float> p = Vector<float>::Zero(params);
  const Vector<float> g = Vector<float>::Ones(grads);
  std::int32_t guard = 0;
  optimizer.step(space, state, view(p), view(g), 1., {&guard, 1});
}

}  // namespace

TEST_CASE("an optimizer refuses a state of another size", "[optim][optimizer]") {
  const Adam adam;
  const Sgd plain;
  const Sgd heavy({.momentum = 0.9});
  step(adam, adam, 5, 5, 5);
  step(plain, plain, 5, 5, 5);
  step(heavy, heavy, 5, 5, 5);
  CHECK_THROWS_WITH(step(adam, adam, 5, 5, 3),
                    "Adam: expected 5 numbers in the state, as there are parameters, got 3");
  CHECK_THROWS_AS(step(adam, adam, 5, 4, 5), ShapeError);
  CHECK_THROWS_AS(step(plain, plain, 5, 4, 5), ShapeError);
  CHECK_THROWS_AS(step(heavy, heavy, 5, 5, 3), ShapeError);
  CHECK_THROWS_AS(step(heavy, plain, 5, 5, 5), ShapeError);  // it kept no velocity
  CHECK_THROWS_AS(step(plain, heavy, 5, 5, 3), ShapeError);
}
