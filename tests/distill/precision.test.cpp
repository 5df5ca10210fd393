// SPDX-License-Identifier: MIT
//
// Options that only a double holds: what trains in float refuses them before any work.
#include <functional>

#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

template <class S>
using Net = Network<Sequential<Linear<4, 5>, ReLU, Linear<5, 3>>, cpu::Space, S>;

Dataset samples() { return {random_matrix<float>(4, 20, 1), random_labels(20, 3, 2)}; }

/// What training says to the options, and that it has not begun.
template <class S>
std::string refusal(const std::function<void(Net<S>&, const Dataset&)>& train) {
  Net<S> network(Rng(0));
  const Vector<S> before = map(network.params());
  try {
    train(network, samples());
  } catch (const ConfigError& error) {
    CHECK(map(network.params()) == before);
    return error.what();
  }
  return "";
}

template <class S, class O>
std::string with(const O& optimizer) {
  return refusal<S>(
      [&](auto& network, const Dataset& data) { fit(network, data, CrossEntropy{}, optimizer); });
}

template <class S, class M>
std::string with_method(const M& method) {
  return refusal<S>([&](auto& network, const Dataset& data) {
    const Net<S> teacher(Rng(1));
    Distiller(teacher, network, method).fit(data, Sgd{});
  });
}

}  // namespace

TEST_CASE("rates and decays that no float holds are refused", "[distill][precision]") {
  CHECK(with<float>(Adam{{.lr = 1e-50}}) ==
        "Adam: lr must be positive and finite in float, got 1e-50");
  for (const Adam& bad : {Adam{{.lr = 1e39}}, Adam{{.beta1 = 1 - 1e-9}}, Adam{{.beta2 = 1 - 1e-9}},
                          Adam{{.eps = 1e-46}}, Adam{{.eps = 1e-40}}, Adam{{.eps = 1e300}}}) {
    CHECK(with<float>(bad).find(" in float, got ") != std::string::npos);
    CHECK(with<double>(bad) == "");
  }
  for (const Sgd& bad : {Sgd{{.lr = 1e-50}}, Sgd{{.lr = 1e39}}, Sgd{{.momentum = 1 - 1e-9}},
                         Sgd{{.weight_decay = 1e-50}}})
    CHECK(with<float>(bad).find(" in float, got ") != std::string::npos);
  CHECK_THROWS_WITH(Adam({.lr = 0.1, .weight_decay = 20}),
                    "Adam: lr weight_decay must be at most 1, got 2");
  CHECK_THROWS_AS(Adam({.weight_decay = 1e300}), ConfigError);
  CHECK_THROWS_AS(Sgd({.weight_decay = 1e300}), ConfigError);
}

TEST_CASE("shares that are one in float are refused", "[distill][precision]") {
  CHECK_THROWS_WITH(Dropout(1 - 1e-12),
                    "Dropout: p must be in [0, 1) in float, got 0.999999999999");
  CHECK_THROWS_AS(LabelSmoothing({.smoothing = 1 - 1e-9}), ConfigError);
  Net<float> student(Rng(0));
  CHECK_THROWS_AS(MeanTeacher(student, {.decay = 1 - 1e-9}, LogitMse{}), ConfigError);
  CHECK(with_method<float>(GeneralizedJsd{{.beta = 1 - 1e-9}}) ==
        "GeneralizedJsd: beta must be in [0, 1) in float, got 0.999999999");
  CHECK(with_method<float>(GeneralizedJsd{{.beta = 1e-46}}) != "");
  CHECK(with_method<double>(GeneralizedJsd{{.beta = 1 - 1e-9}}) == "");
  CHECK(with_method<float>(Contrastive<2, 2>{{.width = 2, .momentum = 1 - 1e-9}}) != "");
}

TEST_CASE("weights that no float holds are refused", "[distill][precision]") {
  CHECK(with_method<float>(SoftTargets{{.hard_weight = 1e-50}}) ==
        "weight of the loss \"hard\" must be zero, or positive and finite in float, got 1e-50");
  CHECK(with_method<float>(LogitMse{{.weight = 1e39}}) != "");
  CHECK(with_method<double>(SoftTargets{{.hard_weight = 1e-50}}) == "");
  CHECK(with_method<float>(SoftTargets{{.hard_weight = 0}}) == "");
  CHECK(with_method<float>(VariationalTransfer<2, 2>{{.initial_variance = 1e39}}) != "");
  CHECK(with_method<float>(AdversarialTemperature{{.theta = 1e39}}) ==
        "AdversarialTemperature: theta must be finite in float, got 1e+39");
  CHECK(refusal<float>([](auto& network, const Dataset& data) {
          Net<float> other(Rng(1));
          MutualLearning({.peer_weight = 1e-50}, network, other).fit(data, Sgd{});
        }) != "");
  // One that becomes so on the way is found out before the first step, at the ends of epochs.
  const auto rising = [](const Progress& at) { return at.step == 1 ? 1e300 : 1; };
  Net<float> student(Rng(0));
  const Net<float> teacher(Rng(1));
  Distiller distiller(teacher, student, LogitMse{{.weight = rising}});
  CHECK_THROWS_WITH(
      distiller.fit(samples(), Sgd{}, {.batch_size = 10}),
      "epoch 1: weight of the loss \"logit mse\" must be finite in float, got 1e+300");
  CHECK_THROWS_WITH(distiller.fit(samples(), Sgd{}, {.batch_size = 5}),
                    "weight of a loss must be finite in float, got 1e+300");
}

TEST_CASE("temperatures whose square no float holds are refused", "[distill][precision]") {
  for (const double bad : {1e-46, 1e-19, 1e19, 1e300}) {
    CHECK_THROWS_AS(KlDivergence({.temperature = bad}), ConfigError);
    CHECK_THROWS_AS(SoftTargets({.temperature = bad}), ConfigError);
    CHECK_THROWS_AS(ReverseKl({.temperature = bad}), ConfigError);
    CHECK_THROWS_AS(GeneralizedJsd({.temperature = bad}), ConfigError);
    CHECK_THROWS_AS(DecoupledKd({.temperature = bad}), ConfigError);
    CHECK_THROWS_AS(Nkd({.temperature = bad}), ConfigError);
    CHECK_THROWS_AS(Wttm({.temperature = bad}), ConfigError);
    CHECK_THROWS_AS(RefinedLogits({.temperature = bad}), ConfigError);
    CHECK_THROWS_AS(RefinedLogits({.confidence_temperature = bad}), ConfigError);
    CHECK_THROWS_AS(AlphaBeta({.temperature = bad}), ConfigError);
    CHECK_THROWS_AS(MultiLevel({.lowest_temperature = bad}), ConfigError);
    CHECK_THROWS_AS(WassersteinLogits(Matrix<double>::Zero(4, 4), {.temperature = bad}),
                    ConfigError);
    CHECK_THROWS_AS(CorrelationKd({.temperature = bad}), ConfigError);
    CHECK_THROWS_AS((Contrastive<1, 1>({.temperature = bad})), ConfigError);
    CHECK_THROWS_AS(AdversarialTemperature({.lowest = bad}), ConfigError);
    CHECK_THROWS_AS(AdversarialTemperature({.range = bad}), ConfigError);
  }
  Net<float> student(Rng(0));
  const Net<float> teacher(Rng(1));
  const auto cooling = [](const Progress& at) { return at.step == 0 ? 1 : 1e-46; };
  Distiller distiller(teacher, student, SoftTargets{{.temperature = cooling}});
  CHECK_THROWS_WITH(distiller.fit(samples(), Sgd{}, {.batch_size = 10}),
                    "epoch 1: SoftTargets: temperature must be between 1e-18 and 1e18, got 1e-46");
}
