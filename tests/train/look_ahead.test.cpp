// SPDX-License-Identifier: MIT
//
// What is scheduled is asked for every epoch before the first step.
#include "kd/train/look_ahead.hpp"

#include <limits>

#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

using Net = Sequential<Linear<5, 4>>;

Dataset make_data() { return {random_matrix<float>(5, 20, 3), random_labels(20, 4, 4), 4}; }

/// Good until epoch 7, counted from 1.
double breaks_in_epoch_7(const Progress& progress) { return progress.epoch() == 6 ? -1 : 1; }

const FitOptions ten_epochs{.epochs = 10, .batch_size = 8};

template <class... Methods>
void check_refused(const char* message, const Methods&... methods) {
  const Dataset data = make_data();
  const Network<Net> teacher(Rng(1));
  Network<Net> student(Rng(2));
  const Vector<float> before = map(student.params());
  int steps = 0;
  FitOptions options = ten_epochs;
  options.on_step = [&](const StepReport&) { ++steps; };
  Distiller distiller(teacher, student, methods...);
  CHECK_THROWS_AS(distiller.fit(data, Sgd{}, options), ConfigError);
  CHECK_THROWS_WITH(distiller.fit(data, Sgd{}, options), message);
  CHECK(steps == 0);
  CHECK(map(student.params()) == before);
}

}  // namespace

TEST_CASE("the first and the last step of every epoch are asked", "[train][look_ahead]") {
  std::vector<Index> asked;
  detail::look_ahead(3, 10, [&](const Progress& at) {
    CHECK(at.steps_per_epoch == 10);
    CHECK(at.total_steps == 30);
    asked.push_back(at.step);
  });
  CHECK(asked == std::vector<Index>{0, 9, 10, 19, 20, 29});
  asked.clear();
  detail::look_ahead(1, 1, [&](const Progress& at) { asked.push_back(at.step); });
  CHECK(asked == std::vector<Index>{0, 0});
}

TEST_CASE("very long training is asked for here and there", "[train][look_ahead]") {
  Index count = 0;
  Index last = 0;
  detail::look_ahead(10'000'000, 3, [&](const Progress& at) {
    ++count;
    last = at.step;
  });
  CHECK(count < 250'000);
  CHECK(last == 30'000'000 - 1);
}

TEST_CASE("steps that nobody can count are refused", "[train][look_ahead]") {
  constexpr Index most = std::numeric_limits<Index>::max();
  CHECK(detail::count_steps(most, 1) == most);
  CHECK(detail::count_steps(most / 3, 3) == most / 3 * 3);
  CHECK_THROWS_AS(detail::count_steps(most / 3 + 1, 3), ConfigError);
  Network<Net> network(Rng(1));
  CHECK_THROWS_WITH(
      fit(network, make_data(), CrossEntropy{}, Sgd{}, {.epochs = most / 2, .batch_size = 8}),
      ContainsSubstring("FitOptions: epochs must be at most ") &&
          ContainsSubstring(" with 3 steps each, got "));
}

TEST_CASE("a learning rate's schedule that breaks in a later epoch is refused before the first",
          "[train][look_ahead]") {
  Network<Net> network(Rng(1));
  const Vector<float> before = map(network.params());
  FitOptions options = ten_epochs;
  options.schedule = breaks_in_epoch_7;
  const auto run = [&] { fit(network, make_data(), CrossEntropy{}, Sgd{}, options); };
  CHECK_THROWS_AS(run(), ConfigError);
  CHECK_THROWS_WITH(run(),
                    "epoch 7: FitOptions: what schedule returns must be zero or more and "
                    "finite, got -1");
  CHECK(map(network.params()) == before);
}

TEST_CASE("weights and temperatures that break in a later epoch are refused before the first",
          "[train][look_ahead]") {
  const Scheduled breaks = breaks_in_epoch_7;
  check_refused("epoch 7: HardLabels: weight must be zero or more and finite, got -1",
                HardLabels{{.weight = breaks}});
  check_refused("epoch 7: SoftTargets: temperature must be positive and finite, got -1",
                HardLabels{}, SoftTargets{{.temperature = breaks}});
  check_refused("epoch 7: DecoupledKd: temperature must be positive and finite, got -1",
                DecoupledKd{{.temperature = breaks}});
  check_refused("epoch 7: ReverseKl: temperature must be positive and finite, got -1",
                ReverseKl{{.temperature = breaks}});
  check_refused("epoch 7: GeneralizedJsd: temperature must be positive and finite, got -1",
                GeneralizedJsd{{.temperature = breaks}});
  check_refused("epoch 7: Nkd: temperature must be positive and finite, got -1",
                Nkd{{.temperature = breaks}});
  check_refused("epoch 7: Wttm: temperature must be positive and finite, got -1",
                Wttm{{.temperature = breaks}});
  check_refused("epoch 7: RefinedLogits: temperature must be positive and finite, got -1",
                RefinedLogits{{.temperature = breaks}});
  check_refused(
      "epoch 7: RefinedLogits: confidence_temperature must be positive and finite, got -1",
      RefinedLogits{{.confidence_temperature = breaks}});
  check_refused("epoch 7: AlphaBeta: temperature must be positive and finite, got -1",
                AlphaBeta{{.temperature = breaks}});
  check_refused("epoch 7: WassersteinLogits: temperature must be positive and finite, got -1",
                WassersteinLogits(Matrix<double>::Zero(4, 4), {.temperature = breaks}));
  check_refused("epoch 7: CorrelationKd: temperature must be positive and finite, got -1",
                CorrelationKd{{.temperature = breaks}});
  check_refused("epoch 7: ReverseKl: temperature must be positive and finite, got -1",
                LogitStandardization(ReverseKl{{.temperature = breaks}}));
  check_refused("epoch 7: Hint: weight must be zero or more and finite, got -1",
                Hint<1, 1>{{.weight = breaks}});

  check_refused("epoch 2: weight of the loss \"hard\" must be finite in float, got 1e+40",
                HardLabels{{.weight = [](const Progress& p) { return p.epoch() ? 1e40 : 1; }}});

  Network<Net> one(Rng(1));
  Network<Net> other(Rng(2));
  MutualLearning mutual(MutualLearningOptions{.temperature = breaks}, one, other);
  CHECK_THROWS_WITH(mutual.fit(make_data(), Sgd{}, ten_epochs),
                    "epoch 7: MutualLearning: temperature must be positive and finite, got -1");
}

TEST_CASE("functions that are empty are no schedules", "[train][look_ahead]") {
  CHECK_THROWS_AS(WarmUp(5, Schedule{}), ConfigError);
  CHECK_THROWS_WITH(WarmUp(5, nullptr),
                    "WarmUp: expected a schedule to follow, got an empty function");
  CHECK_THROWS_AS(Scheduled(std::function<double(const Progress&)>{}), ConfigError);
  CHECK_THROWS_AS(Scheduled(static_cast<double (*)(const Progress&)>(nullptr)), ConfigError);
}

TEST_CASE("a ramp over more epochs than can be counted in steps rises", "[train][look_ahead]") {
  const LinearRamp ramp{{.from = 0, .to = 1, .epochs = std::numeric_limits<Index>::max() / 2}};
  const Progress late{.step = 1000, .steps_per_epoch = 1000, .total_steps = 2000};
  CHECK(ramp(late) > 0);
  CHECK(ramp(late) < 1e-10);
}
