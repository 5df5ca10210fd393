// SPDX-License-Identifier: MIT
#include "kd/methods/adversarial_temperature.hpp"

#include "kd/distill/distiller.hpp"
#include "kd/methods/logit_standardization.hpp"
#include "kd/optim/sgd.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::relative_distance;

namespace {

/// Training that has come to epoch `epoch`, counted from 0.
Progress in_epoch(Index epoch) {
  return {.step = 5 * epoch, .steps_per_epoch = 5, .total_steps = 100};
}

}  // namespace

TEST_CASE("the learned temperature passes the checks of a method",
          "[methods][adversarial_temperature]") {
  const AdversarialTemperature method{{.weight = 2}};
  const Progress progress = in_epoch(GENERATE(3, 15));
  const kd::testing::CheckMethodOptions options{
      .progress = progress,
      .own_gradient_factor = -method.strength(progress),  // theta ascends
      .allocations = kd::test::allocations};
  const auto report = kd::testing::check_method(method, options);
  INFO(report.message());
  CHECK(report.passed());
  const auto standardised = kd::testing::check_method(LogitStandardization(method), options);
  INFO(standardised.message());
  CHECK(standardised.passed());
}

TEST_CASE("the learned temperature gives what PyTorch gives",
          "[methods][adversarial_temperature]") {
  const std::string name = "learned_temperature/";
  const Vector<double> thetas = golden_vector(name + "theta");
  const Matrix<double> gradients = golden(name + "gradient");
  const kd::test::FixedTeacher<double> teacher(golden(name + "teacher"));
  const Matrix<double> student = golden(name + "student");
  for (Index i = 0; i < thetas.size(); ++i) {
    INFO("theta " << thetas(i));
    const AdversarialTemperature method{{.theta = thetas(i), .ramp_epochs = 0, .weight = 1}};
    CHECK_THAT(method.temperature(thetas(i)),
               WithinRel(golden_vector(name + "temperature")(i), 1e-14));
    kd::test::OnLogits bench(method, teacher, student.cols());
    const auto loss = bench.run(student, Labels(Labels::Zero(student.cols())));
    CHECK_THAT(loss.value, WithinRel(golden_vector(name + "value")(i), 1e-12));
    CHECK(relative_distance(loss.gradient, kd::test::entry(gradients, i, 10), 1e-6) < 1e-9);
    CHECK_THAT(-bench.state().grads().data[0], WithinRel(golden_vector(name + "dtheta")(i), 1e-9));
  }
}

TEST_CASE("the strength of the ascent rises along half a cosine",
          "[methods][adversarial_temperature]") {
  const Vector<double> strengths = golden_vector("learned_temperature/strength");
  const AdversarialTemperature method;
  // The authors count epochs from 1, so that the first one ascends already.
  for (Index epoch = 0; epoch + 1 < strengths.size(); ++epoch)
    CHECK_THAT(-method.strength(in_epoch(epoch)), WithinAbs(strengths(epoch + 1), 1e-14));
}

TEST_CASE("the temperature climbs against the student", "[methods][adversarial_temperature]") {
  using Net = Sequential<Linear<5, 4>>;
  const Network<Net> teacher(Rng(1));
  Network<Net> student(Rng(2));
  const Dataset data(kd::test::random_matrix<float>(5, 30, 3), kd::test::random_labels(30, 4, 4),
                     4);
  Distiller distiller(teacher, student, AdversarialTemperature{{.theta = 0, .ramp_epochs = 0}});
  distiller.fit(data, Sgd{{.lr = 1e-3}}, {.epochs = 1, .batch_size = 10});
  const float theta = distiller.state<0>().params().data[0];
  // Its gradient is the loss's, turned round: a step along it makes the loss larger.
  const auto loss_at = [&](double value) {
    return Distiller(teacher, student, AdversarialTemperature{{.theta = value}})
        .fit(data, Sgd{{.lr = 1e-12}}, {.epochs = 1, .batch_size = 30})
        .epochs[0]
        .loss;
  };
  REQUIRE(theta != 0);
  CHECK(loss_at(theta > 0 ? 0.5 : -0.5) > loss_at(0));
}

TEST_CASE("options of the learned temperature are checked", "[methods][adversarial_temperature]") {
  CHECK_THROWS_AS(AdversarialTemperature({.lowest = 0}), ConfigError);
  CHECK_THROWS_WITH(AdversarialTemperature({.lowest = 0}),
                    "AdversarialTemperature: lowest must be positive and finite, got 0");
  CHECK_THROWS_WITH(AdversarialTemperature({.range = -1}),
                    "AdversarialTemperature: range must be positive and finite, got -1");
  CHECK_THROWS_WITH(AdversarialTemperature({.theta = std::numeric_limits<double>::infinity()}),
                    "AdversarialTemperature: theta must be finite, got inf");
  CHECK_THROWS_WITH(AdversarialTemperature({.ramp_epochs = -1}),
                    "AdversarialTemperature: ramp_epochs must be 0 or more, got -1");
  CHECK_THROWS_WITH(AdversarialTemperature({.weight = -1}),
                    "AdversarialTemperature: weight must be zero or more and finite, got -1");
}
