// SPDX-License-Identifier: MIT
#include "kd/optim/adam.hpp"

#include <cmath>

#include "support/catch.hpp"
#include "support/run_optimizer.hpp"

using namespace kd;
using kd::test::distance_from_golden;

TEST_CASE("Adam gives what PyTorch gives", "[optim][adam]") {
  const Adam adam({.lr = 0.01});
  CHECK(distance_from_golden<double>(adam, "adam") < 1e-12);
  CHECK(distance_from_golden<float>(adam, "adam") < 1e-4);
}

TEST_CASE("with decoupled decay Adam is PyTorch's AdamW", "[optim][adam]") {
  const Adam adam({.lr = 0.01, .weight_decay = 0.01});
  CHECK(distance_from_golden<double>(adam, "adamw") < 1e-12);
  CHECK(distance_from_golden<double>(Adam({.lr = 0.01}), "adamw") > 1e-6);
}

TEST_CASE("the schedule's factor multiplies Adam's learning rate", "[optim][adam]") {
  const auto one_step = [](double lr, double factor) {
    const Adam adam({.lr = lr, .weight_decay = 0.1});
    const Vector<double> gradient = Vector<double>::LinSpaced(5, -1, 2);
    Vector<double> params = Vector<double>::Ones(5);
    auto state = adam.make_state<double>(5, cpu::Space());
    std::int32_t guard = 0;
    adam.step(cpu::Space(), state, view(params), view(gradient), factor, {&guard, 1});
    CHECK(state.step == 1);
    return params;
  };
  CHECK(one_step(0.02, 0.5) == one_step(0.01, 1));
  CHECK(one_step(0.02, 0) == Vector<double>::Ones(5));
}

TEST_CASE("Adam's first step is as long as the learning rate", "[optim][adam]") {
  // m / (1 - b1) is the gradient and v / (1 - b2) its square, whatever its size.
  for (const double size : {1e-3, 1., 1e3}) {
    const Adam adam({.lr = 0.1});
    Vector<double> params = Vector<double>::Zero(1);
    const Vector<double> gradient = Vector<double>::Constant(1, -size);
    auto state = adam.make_state<double>(1, cpu::Space());
    std::int32_t guard = 0;
    adam.step(cpu::Space(), state, view(params), view(gradient), 1., {&guard, 1});
    CHECK_THAT(params(0), WithinRel(0.1, 1e-4));
  }
}

TEST_CASE("Adam refuses options out of range", "[optim][adam]") {
  CHECK_THROWS_WITH(Adam({.lr = 0}), "Adam: lr must be positive and finite, got 0");
  CHECK_THROWS_AS(Adam({.lr = -1e-3}), ConfigError);
  CHECK_THROWS_AS(Adam({.lr = std::nan("")}), ConfigError);
  CHECK_THROWS_WITH(Adam({.beta1 = 1}), "Adam: beta1 must be in [0, 1), got 1");
  CHECK_THROWS_AS(Adam({.beta2 = -0.1}), ConfigError);
  CHECK_THROWS_AS(Adam({.eps = 0}), ConfigError);
  CHECK_THROWS_WITH(Adam({.weight_decay = -1}),
                    "Adam: weight_decay must be zero or more and finite, got -1");
}
