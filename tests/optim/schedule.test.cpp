// SPDX-License-Identifier: MIT
#include "kd/optim/schedule.hpp"

#include <cmath>

#include "support/catch.hpp"
#include "support/golden.hpp"

using namespace kd;

namespace {

/// The factors of 30 steps, one an epoch.
Vector<double> factors(const Schedule& schedule) {
  Vector<double> all(30);
  for (Index t = 0; t < 30; ++t)
    all(t) = schedule(Progress{.step = t, .steps_per_epoch = 1, .total_steps = 30});
  return all;
}

double distance(const Schedule& schedule, const char* name) {
  const Vector<double> expected = kd::test::golden_vector(std::string("schedule/") + name);
  return (factors(schedule) - expected).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("schedules by definition", "[optim][schedule]") {
  CHECK(factors(ConstantSchedule()).isOnes(0));
  CHECK(distance(StepSchedule({.every = 10, .factor = 0.5}), "step") < 1e-15);
  CHECK(distance(CosineSchedule(), "cosine") < 1e-15);
  CHECK(distance(CosineSchedule({.final_factor = 0.1}), "cosine_floor") < 1e-15);
  CHECK(distance(WarmUp(5, CosineSchedule()), "warmup_cosine") < 1e-15);
}

TEST_CASE("a step schedule counts epochs", "[optim][schedule]") {
  const StepSchedule schedule({.every = 2, .factor = 0.1});
  const auto at = [&](Index step) { return schedule(Progress{step, 7, 70}); };
  CHECK(at(0) == 1);
  CHECK(at(13) == 1);
  CHECK(at(14) == Approx(0.1));
  CHECK(at(28) == Approx(0.01));
}

TEST_CASE("warm-up rises to 1 and hands over", "[optim][schedule]") {
  const WarmUp alone(4);
  CHECK(alone(Progress{0, 1, 10}) == 0.25);
  CHECK(alone(Progress{3, 1, 10}) == 1);
  CHECK(alone(Progress{9, 1, 10}) == 1);
  // A step schedule behind it counts its epochs from there on.
  const WarmUp then_steps(4, StepSchedule({.every = 1, .factor = 0.5}));
  CHECK(then_steps(Progress{4, 2, 10}) == 1);
  CHECK(then_steps(Progress{6, 2, 10}) == 0.5);
}

TEST_CASE("schedules refuse options out of range", "[optim][schedule]") {
  CHECK_THROWS_WITH(StepSchedule({.every = 0}), "StepSchedule: every must be at least 1, got 0");
  CHECK_THROWS_AS(StepSchedule({.factor = 0}), ConfigError);
  CHECK_THROWS_AS(StepSchedule({.factor = std::nan("")}), ConfigError);
  CHECK_THROWS_WITH(CosineSchedule({.final_factor = 1}),
                    "CosineSchedule: final_factor must be in [0, 1), got 1");
  CHECK_THROWS_WITH(WarmUp(0), "WarmUp: steps must be at least 1, got 0");
}
