// SPDX-License-Identifier: MIT
#include "kd/distill/scheduled.hpp"

#include <limits>

#include "kd/distill/distiller.hpp"
#include "kd/methods/hard_labels.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/nn/linear.hpp"
#include "kd/optim/sgd.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

/// Step `step` of 4 epochs of 10 steps.
Progress at_step(Index step) { return {.step = step, .steps_per_epoch = 10, .total_steps = 40}; }

}  // namespace

TEST_CASE("a number stays what it is", "[distill][scheduled]") {
  const Scheduled seven = 7;
  CHECK(seven.at({}) == 7);
  CHECK(seven.at(at_step(39)) == 7);
  CHECK(seven.is_always(7));
  CHECK_FALSE(seven.is_always(6));
}

TEST_CASE("a function is asked in every step", "[distill][scheduled]") {
  const Scheduled rising = [](const Progress& progress) {
    return static_cast<double>(progress.epoch());
  };
  CHECK(rising.at(at_step(9)) == 0);
  CHECK(rising.at(at_step(10)) == 1);
  CHECK_FALSE(rising.is_always(0));
}

TEST_CASE("a linear ramp rises in equal parts", "[distill][scheduled]") {
  const LinearRamp whole{{.from = 1, .to = 5}};
  CHECK(whole(at_step(0)) == 1);
  CHECK(whole(at_step(10)) == 2);
  CHECK(whole(at_step(39)) == Approx(4.9));
  CHECK(whole(at_step(40)) == 5);
  const LinearRamp two_epochs{{.from = 8, .to = 2, .epochs = 2}};
  CHECK(two_epochs(at_step(0)) == 8);
  CHECK(two_epochs(at_step(10)) == 5);
  CHECK(two_epochs(at_step(20)) == 2);
  CHECK(two_epochs(at_step(39)) == 2);
}

TEST_CASE("a cosine ramp is slow at both ends", "[distill][scheduled]") {
  const CosineRamp ramp{{.from = 2, .to = 6}};
  CHECK(ramp(at_step(0)) == 2);
  CHECK(ramp(at_step(10)) == Approx(2 + 4 * (1 - std::sqrt(0.5)) / 2));
  CHECK(ramp(at_step(20)) == Approx(4));
  CHECK(ramp(at_step(30)) == Approx(6 - 4 * (1 - std::sqrt(0.5)) / 2));
  CHECK(ramp(at_step(40)) == Approx(6));
}

TEST_CASE("ramps without a range are refused", "[distill][scheduled]") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(LinearRamp({.from = infinity, .to = 1}), ConfigError);
  CHECK_THROWS_WITH(LinearRamp({.from = infinity, .to = 1}),
                    "LinearRamp: from and to must be finite, got inf and 1");
  CHECK_THROWS_WITH(CosineRamp({.from = 1, .to = 2, .epochs = -1}),
                    "CosineRamp: epochs must be 0 or more, got -1");
}

TEST_CASE("weights that change are reported as they were", "[distill][scheduled]") {
  using Net = Sequential<Linear<5, 4>>;
  const Network<Net> teacher(Rng(1));
  Network<Net> student(Rng(2));
  const Dataset data(kd::test::random_matrix<float>(5, 20, 3), kd::test::random_labels(20, 4, 4),
                     4);
  // Nothing moves, so that every step has the same loss but for its weight.
  const Sgd still{{.lr = 1e-12}};
  std::vector<double> losses;
  const FitOptions options{.epochs = 2, .batch_size = 20, .on_step = [&](const StepReport& step) {
                             losses.push_back(step.loss);
                           }};
  const double loss = Distiller(teacher, student, HardLabels{})
                          .fit(data, still, {.epochs = 1, .batch_size = 20})
                          .epochs[0]
                          .loss;
  const FitReport report =
      Distiller(teacher, student,
                HardLabels{{.weight = [](const Progress& p) { return p.step == 0 ? 1. : 3.; }}})
          .fit(data, still, options);
  REQUIRE(losses.size() == 2);
  CHECK(losses[0] == Approx(loss));
  CHECK(losses[1] == Approx(3 * loss));
  CHECK(report.epochs[0].loss == Approx(loss));
  CHECK(report.epochs[0].terms[0].weight == 1);
  CHECK(report.epochs[1].loss == Approx(3 * loss));
  CHECK(report.epochs[1].terms[0].weight == 3);
}

TEST_CASE("a temperature that leaves its range stops training before the student changes",
          "[distill][scheduled]") {
  using Net = Sequential<Linear<5, 4>>;
  const Network<Net> teacher(Rng(1));
  Network<Net> student(Rng(2));
  const Vector<float> before = map(student.params());
  const Dataset data(kd::test::random_matrix<float>(5, 20, 3), kd::test::random_labels(20, 4, 4),
                     4);
  Distiller distiller(
      teacher, student,
      SoftTargets{{.temperature = [](const Progress& p) { return p.total_steps > 1 ? -1. : 1.; }}});
  CHECK_THROWS_AS(distiller.fit(data, Sgd{}, {.batch_size = 10}), ConfigError);
  CHECK(map(student.params()) == before);
}
