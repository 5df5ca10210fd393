// SPDX-License-Identifier: MIT
#include "kd/train/training_state.hpp"

#include <utility>
#include <vector>

#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

using Net = Network<Sequential<Linear<6, 8>, Dropout, ReLU, Linear<8, 3>>>;

const Dataset data{test::random_matrix<float>(6, 23, 1), test::random_labels(23, 3, 2), 3};
const Adam adam{{.lr = 0.02}};

template <class N>
Vector<float> weights(const N& network) {
  return map(network.params());
}

FitOptions options(Index epochs) {
  return {.epochs = epochs,
          .batch_size = 5,
          .seed = 7,
          .augment = [](Eigen::Ref<Matrix<float>> inputs, Rng rng) {
            inputs.row(0).array() += rng.symmetric(0.1F);
          }};
}

/// Whether `three(state)` twice leaves what `six()` does, which both give.
template <class State, class Three, class Six>
void check_goes_on(const Three& three, const Six& six) {
  State state;
  CHECK(state.epochs() == 0);
  three(state);
  CHECK(state.epochs() == 3);
  CHECK(state.steps() == 15);
  const Vector<float> twice = three(state);
  CHECK(state.epochs() == 6);
  CHECK(state.steps() == 30);
  CHECK(twice == six());
}

}  // namespace

TEST_CASE("two fits with one state are one fit", "[train][training_state]") {
  const auto check_with = [](const auto& optimizer) {
    using State = TrainingState<std::remove_cvref_t<decltype(optimizer)>>;
    Net parts(Rng(1));
    Net whole(Rng(1));
    check_goes_on<State>(
        [&](State& state) {
          fit(parts, data, CrossEntropy{}, optimizer, options(3), state);
          return weights(parts);
        },
        [&] {
          fit(whole, data, CrossEntropy{}, optimizer, options(6));
          return weights(whole);
        });
  };
  check_with(adam);
  check_with(Sgd{{.lr = 0.1, .momentum = 0.9}});

  // Without the state the optimizer begins anew.
  Net anew(Rng(1));
  Net whole(Rng(1));
  for (int i = 0; i < 2; ++i) fit(anew, data, CrossEntropy{}, adam, options(3));
  fit(whole, data, CrossEntropy{}, adam, options(6));
  CHECK(weights(anew) != weights(whole));
}

TEST_CASE("a distiller and the schemes go on with a state", "[train][training_state]") {
  using State = TrainingState<Adam>;
  const Net network(Rng(5));
  const NetworkTeacher teacher(network, TeacherMode::training, 3);
  FitOptions plain = options(3);
  plain.augment = {};
  FitOptions twice = plain;
  twice.epochs = 6;
  const auto check_both = [&](auto& parts, auto& whole, auto weights_of_parts,
                              auto weights_of_whole) {
    check_goes_on<State>(
        [&](State& state) {
          parts.fit(data, adam, plain, state);
          return weights_of_parts();
        },
        [&] {
          whole.fit(data, adam, twice);
          return weights_of_whole();
        });
  };
  {
    Net a(Rng(1));
    Net b(Rng(1));
    Distiller parts(teacher, a, HardLabels{}, Hint<3, 3>{});
    Distiller whole(teacher, b, HardLabels{}, Hint<3, 3>{});
    check_both(
        parts, whole, [&] { return weights(a); }, [&] { return weights(b); });
    CHECK(map(parts.state<1>().params()) == map(whole.state<1>().params()));
  }
  {
    Net a(Rng(1));
    Net b(Rng(1));
    MeanTeacher parts(a, {.mode = TeacherMode::training}, HardLabels{}, LogitMse{});
    MeanTeacher whole(b, {.mode = TeacherMode::training}, HardLabels{}, LogitMse{});
    check_both(
        parts, whole, [&] { return weights(parts.teacher()); },
        [&] { return weights(whole.teacher()); });
    CHECK(weights(a) == weights(b));
  }
  {
    Net a(Rng(1));
    Net a2(Rng(2));
    Net b(Rng(1));
    Net b2(Rng(2));
    MutualLearning parts({}, a, a2);
    MutualLearning whole({}, b, b2);
    check_both(
        parts, whole, [&] { return weights(a); }, [&] { return weights(b); });
    CHECK(weights(a2) == weights(b2));
  }
}

TEST_CASE("epochs and steps are counted on", "[train][training_state]") {
  Net network(Rng(1));
  TrainingState<Adam> state;
  fit(network, data, CrossEntropy{}, adam, options(2), state);
  std::vector<Index> asked;
  FitOptions more = options(2);
  more.schedule = [&](const Progress& at) {
    CHECK(at.total_steps == 20);
    asked.push_back(at.step);
    return 1.;
  };
  more.on_step = [](const StepReport& step) { CHECK(step.epochs == 4); };
  const FitReport report = fit(network, data, CrossEntropy{}, adam, more, state);
  CHECK(std::vector<Index>(asked.begin(), asked.begin() + 5) ==
        std::vector<Index>{10, 14, 15, 19, 10});
  REQUIRE(report.epochs.size() == 2);
  CHECK(report.epochs[0].epoch == 3);
  CHECK(report.epochs[1].epochs == 4);

  more.schedule = [](const Progress& at) { return at.step < 26 ? 1. : -1.; };
  CHECK_THROWS_WITH(fit(network, data, CrossEntropy{}, adam, more, state),
                    StartsWith("epoch 6: FitOptions: what schedule returns"));
  CHECK(state.epochs() == 4);  // nothing was done
  CHECK(state.steps() == 20);
}

TEST_CASE("an epoch that was broken off is begun again", "[train][training_state]") {
  Net network(Rng(1));
  TrainingState<Adam> state;
  FitOptions stops = options(3);
  stops.on_step = [](const StepReport& step) { return step.epoch < 2 || step.step < 3; };
  fit(network, data, CrossEntropy{}, adam, stops, state);
  CHECK(state.epochs() == 1);
  CHECK(state.steps() == 8);
  stops.on_step = [](const StepReport& step) {
    if (step.epoch == 3) throw std::runtime_error("enough");
  };
  CHECK_THROWS_AS(fit(network, data, CrossEntropy{}, adam, stops, state), std::runtime_error);
  CHECK(state.epochs() == 2);
  CHECK(state.steps() == 14);
}

TEST_CASE("a step that failed is not counted", "[train][training_state]") {
  Net network(Rng(1));
  TrainingState<Adam> state;
  fit(network, data, CrossEntropy{}, adam, options(1), state);
  FitOptions breaks = options(2);
  breaks.schedule = [](const Progress& at) { return at.step == 7 ? 1e300 : 1.; };
  try {
    fit(network, data, CrossEntropy{}, adam, breaks, state);
    FAIL("fit went on");
  } catch (const NumericError& error) {
    CHECK(error.epoch == 2);
    CHECK(error.step == 3);
  }
  CHECK(state.epochs() == 1);
  CHECK(state.steps() == 7);
}

TEST_CASE("a state is for one kind of training", "[train][training_state]") {
  Net network(Rng(1));
  Net peer(Rng(2));
  using Other = Network<Sequential<Linear<6, 3>>>;
  Other other(Rng(1));
  TrainingState<Adam> state;
  // What was refused made no state.
  CHECK_THROWS_AS(fit(network, data, CrossEntropy{}, adam, {.patience = 1}, state), ConfigError);
  FitOptions bad = options(3);
  bad.schedule = [](const Progress&) { return -1.; };
  CHECK_THROWS_AS(fit(other, data, CrossEntropy{}, adam, bad, state), ConfigError);
  fit(network, data, CrossEntropy{}, adam, {}, state);
  const Vector<float> before = weights(other);
  CHECK_THROWS_AS(fit(other, data, CrossEntropy{}, adam, {}, state), ShapeError);
  CHECK_THROWS_WITH(fit(other, data, CrossEntropy{}, adam, {}, state),
                    "TrainingState: expected 83 parameters, as it was made for, got 21");
  CHECK_THROWS_WITH(MutualLearning({}, network, peer).fit(data, adam, {}, state),
                    "TrainingState: expected 1 trained blocks, as it was made for, got 2");
  CHECK(weights(other) == before);
  CHECK(state.epochs() == 1);
  CHECK(state.blocks()[0].step == 1);

  // A copy goes its own way; what was moved from begins anew.
  TrainingState<Adam> copy = state;
  fit(network, data, CrossEntropy{}, adam, {}, copy);
  CHECK(copy.epochs() == 2);
  CHECK(state.epochs() == 1);
  const TrainingState<Adam> moved = std::move(state);
  CHECK(state.epochs() == 0);  // NOLINT: that is what it says of itself
  fit(other, data, CrossEntropy{}, adam, {}, state);
  CHECK(state.epochs() == 1);
  CHECK(moved.epochs() == 1);

  // A callback must not use the state of the training that calls it.
  Net inner(Rng(3));
  FitOptions nested;
  nested.on_epoch = [&](const EpochReport&) { fit(inner, data, CrossEntropy{}, adam, {}, copy); };
  CHECK_THROWS_AS(fit(network, data, CrossEntropy{}, adam, nested, copy), ConfigError);
}
