// SPDX-License-Identifier: MIT
//
// Validation, patience, the best weights, and callbacks that say whether to go on.
#include <functional>
#include <limits>
#include <vector>

#include "kd/distill.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

using Net = Network<Sequential<Linear<6, 8>, ReLU, Linear<8, 3>>>;

Dataset samples(Index count, std::uint64_t seed) {
  return {test::random_matrix<float>(6, count, seed), test::random_labels(count, 3, seed + 50), 3};
}

const Dataset train = samples(40, 1);
const Dataset held_out = samples(30, 2);  // its labels have nothing to do with those of `train`

template <class N>
Vector<float> weights(const N& network) {
  return map(network.params());
}

/// What was true of what is trained after each epoch.
struct Trace {
  std::vector<Vector<float>> weights;
  std::vector<double> losses;

  std::size_t best() const {
    return static_cast<std::size_t>(std::min_element(losses.begin(), losses.end()) -
                                    losses.begin());
  }
};

/// Options that keep in `trace` what `now()`, weights, and `loss()` say after every epoch.
FitOptions tracing(Trace& trace, std::function<Vector<float>()> now, std::function<double()> loss) {
  return {.epochs = 12,
          .batch_size = 10,
          .validation = held_out,
          .keep_best = true,
          .on_epoch = [&trace, now = std::move(now), loss = std::move(loss)](const EpochReport&) {
            trace.weights.push_back(now());
            trace.losses.push_back(loss());
          }};
}

double loss_of(const Net& network) { return evaluate(network, held_out).loss; }

const Adam adam{{.lr = 0.05}};

void check(const FitReport& report, const Trace& trace, const Vector<float>& left) {
  REQUIRE(report.epochs.size() == trace.losses.size());
  for (std::size_t i = 0; i < trace.losses.size(); ++i) {
    REQUIRE(report.epochs[i].validation);
    CHECK_THAT(report.epochs[i].validation->loss, WithinRel(trace.losses[i], 1e-12));
  }
  REQUIRE(report.best_index);
  CHECK(*report.best_index == trace.best());
  CHECK(left != trace.weights.back());  // or the test would show nothing
  CHECK(report.best().epoch == static_cast<Index>(trace.best()) + 1);
  CHECK(left == trace.weights[trace.best()]);
}

}  // namespace

TEST_CASE("fit validates every epoch and keeps the best weights", "[train][validation]") {
  Net network(Rng(1));
  Trace trace;
  std::vector<double> accuracies;
  FitOptions options = tracing(
      trace, [&] { return weights(network); }, [&] { return loss_of(network); });
  const FitReport report = fit(network, train, CrossEntropy{}, adam, options);
  check(report, trace, weights(network));
  CHECK(report.stopped == Stopped::all_epochs);
  CHECK(report.best().validation->accuracy == evaluate(network, held_out).accuracy);

  // Looking changes nothing: without it the same epochs are done.
  Net plain(Rng(1));
  const FitReport unwatched =
      fit(plain, train, CrossEntropy{}, adam, {.epochs = 12, .batch_size = 10});
  CHECK(weights(plain) == trace.weights.back());
  CHECK_FALSE(unwatched.epochs[0].validation);
  CHECK_THROWS_WITH(unwatched.best(), "FitReport: no epoch was validated, so none is the best");
  Net last(Rng(1));
  options.keep_best = false;
  options.on_epoch = {};
  fit(last, train, CrossEntropy{}, adam, options);
  CHECK(weights(last) == trace.weights.back());
}

TEST_CASE("patience ends training", "[train][validation]") {
  const auto run = [](Index patience, Index epochs) {
    Net network(Rng(1));
    return fit(network, train, CrossEntropy{}, adam,
               {.epochs = epochs, .batch_size = 10, .validation = held_out, .patience = patience});
  };
  const FitReport all = run(0, 12);
  CHECK(all.stopped == Stopped::all_epochs);
  for (const Index patience : {1, 3}) {
    const FitReport report = run(patience, 12);
    CHECK(report.stopped == Stopped::patience);
    REQUIRE(report.epochs.size() < 12);
    CHECK(report.epochs.size() - 1 == *report.best_index + static_cast<std::size_t>(patience));
    for (std::size_t i = 0; i < report.epochs.size(); ++i)
      CHECK(report.epochs[i].validation->loss == all.epochs[i].validation->loss);
  }
  // All epochs are done when it would end with the last one.
  const auto needed = static_cast<Index>(run(1, 12).epochs.size());
  CHECK(run(1, needed).stopped == Stopped::all_epochs);
  CHECK(run(1, needed + 1).stopped == Stopped::patience);
}

TEST_CASE("a callback ends training", "[train][validation]") {
  Net network(Rng(1));
  Trace trace;
  const auto options = [&](auto on_step, auto on_epoch) {
    return FitOptions{.epochs = 5, .batch_size = 10, .on_step = on_step, .on_epoch = on_epoch};
  };
  const Callback<StepReport> no_step;
  const Callback<EpochReport> no_epoch;
  FitReport report =
      fit(network, train, CrossEntropy{}, adam,
          options(no_step, [](const EpochReport& epoch) { return epoch.epoch < 3; }));
  CHECK(report.stopped == Stopped::callback);
  CHECK(report.epochs.size() == 3);

  // In the middle of an epoch there is no report of it, and nobody is told.
  int steps = 0;
  int epochs = 0;
  Vector<float> at_stop;
  const auto stop_after = [&](Index step) {
    return [&, step](const StepReport& now) {
      ++steps;
      at_stop = weights(network);
      return now.epoch < 2 || now.step < step;
    };
  };
  const auto count = [&](const EpochReport&) { ++epochs; };
  report = fit(network, train, CrossEntropy{}, adam, options(stop_after(2), count));
  CHECK(report.stopped == Stopped::callback);
  CHECK(report.epochs.size() == 1);
  CHECK(steps == 6);
  CHECK(epochs == 1);
  CHECK(weights(network) == at_stop);
  // With its last step an epoch is whole.
  steps = epochs = 0;
  report = fit(network, train, CrossEntropy{}, adam, options(stop_after(4), count));
  CHECK(report.stopped == Stopped::callback);
  CHECK(report.epochs.size() == 2);
  CHECK(epochs == 2);

  // The best of the whole epochs is what is left; before the first there is none.
  FitOptions best = options(stop_after(1), no_epoch);
  best.validation = held_out;
  best.keep_best = true;
  Vector<float> first;
  best.on_epoch = [&](const EpochReport&) { first = weights(network); };
  report = fit(network, train, CrossEntropy{}, adam, best);
  CHECK(*report.best_index == 0);
  CHECK(weights(network) == first);
  best.on_step = [&](const StepReport&) {
    at_stop = weights(network);
    return false;
  };
  report = fit(network, train, CrossEntropy{}, adam, best);
  CHECK(report.epochs.empty());
  CHECK_FALSE(report.best_index);
  CHECK(weights(network) == at_stop);
}

TEST_CASE("callbacks are functions of any kind, empty ones too", "[train][validation]") {
  CHECK_FALSE(Callback<StepReport>());
  CHECK_FALSE(Callback<StepReport>(std::function<void(const StepReport&)>()));
  CHECK_FALSE(Callback<StepReport>(std::function<bool(const StepReport&)>()));
  CHECK(Callback<StepReport>()({}));
  const std::function<void(const StepReport&)> tells = [](const StepReport&) {};
  CHECK(Callback<StepReport>(tells)({}));
  const auto generic = [](const auto& report) { return report.step == 1; };
  const Callback<StepReport> asks = generic;
  const Callback<StepReport> copy = asks;  // NOLINT: that it can be copied is the point
  CHECK(copy);
  CHECK_FALSE(copy({.step = 2}));
  CHECK(copy({.step = 1}));
}

TEST_CASE("a distiller validates its student and keeps what its methods learned",
          "[train][validation]") {
  const Net teacher(Rng(3));
  Net student(Rng(1));
  Distiller distiller(teacher, student, HardLabels{}, Hint<2, 2>{{.weight = 1}});
  Trace trace;
  const auto regressor = [&] { return Vector<float>(map(distiller.state<1>().params())); };
  std::vector<Vector<float>> regressors;
  const FitOptions options = tracing(
      trace,
      [&] {
        regressors.push_back(regressor());
        return weights(student);
      },
      [&] { return loss_of(student); });
  const FitReport report = distiller.fit(train, adam, options);
  check(report, trace, weights(student));
  CHECK(regressor() == regressors[trace.best()]);
  CHECK(regressor() != regressors.back());
}

TEST_CASE("a mean teacher is what is validated, and both networks are kept",
          "[train][validation]") {
  Net student(Rng(1));
  MeanTeacher mean(student, {.decay = 0.5}, HardLabels{});
  Trace trace;
  std::vector<Vector<float>> students;
  const FitOptions options = tracing(
      trace,
      [&] {
        students.push_back(weights(student));
        return weights(mean.teacher());
      },
      [&] { return loss_of(mean.teacher()); });
  const FitReport report = mean.fit(train, adam, options);
  check(report, trace, weights(mean.teacher()));
  CHECK(weights(student) == students[trace.best()]);

  FitOptions stops{.epochs = 3, .on_step = [](const StepReport&) { return false; }};
  CHECK(mean.fit(train, adam, stops).stopped == Stopped::callback);
}

TEST_CASE("mutual learning is validated by the mean of its students", "[train][validation]") {
  Net one(Rng(1));
  Net other(Rng(2));
  Trace trace;
  const FitOptions options = tracing(
      trace,
      [&] {
        Vector<float> both(weights(one).size() + weights(other).size());
        both << weights(one), weights(other);
        return both;
      },
      [&] { return (loss_of(one) + loss_of(other)) / 2; });
  const FitReport report = MutualLearning({}, one, other).fit(train, adam, options);
  Vector<float> left(weights(one).size() + weights(other).size());
  left << weights(one), weights(other);
  check(report, trace, left);
  CHECK_THAT(report.best().validation->accuracy,
             WithinRel((evaluate(one, held_out).accuracy + evaluate(other, held_out).accuracy) / 2,
                       1e-12));
}

TEST_CASE("patience ends one network of a chain, a callback ends the chain",
          "[train][validation]") {
  const Net teacher(Rng(3));
  Net assistant(Rng(1));
  Net student(Rng(2));
  TeacherAssistant chain(teacher, assistant, student);
  BornAgain family(teacher, {.generations = 3}, HardLabels{});
  const FitOptions patient{
      .epochs = 12, .batch_size = 10, .validation = held_out, .patience = 1, .keep_best = true};
  const auto check_all = [](const std::vector<FitReport>& reports, std::size_t count) {
    REQUIRE(reports.size() == count);
    for (const FitReport& report : reports) CHECK(report.stopped == Stopped::patience);
  };
  check_all(chain.fit(train, adam, patient, HardLabels{}), 2);
  const auto reports = family.fit(train, adam, patient);
  check_all(reports, 3);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK_THAT(reports[i].best().validation->loss,
               WithinRel(loss_of(family.generations()[i]), 1e-12));

  int epochs = 0;
  FitOptions stops = patient;
  stops.patience = 0;
  stops.on_epoch = [&](const EpochReport&) { return ++epochs != 15; };  // in the second network
  const Vector<float> before = weights(student);
  const auto links = chain.fit(train, adam, stops, HardLabels{});
  REQUIRE(links.size() == 2);
  CHECK(links[1].stopped == Stopped::callback);
  CHECK(links[1].epochs.size() == 3);
  epochs = 10;  // in the first
  const Vector<float> untouched = weights(student);
  CHECK(chain.fit(train, adam, stops, HardLabels{}).size() == 1);
  CHECK(weights(student) == untouched);
  CHECK(untouched != before);
  epochs = 0;
  CHECK(family.fit(train, adam, stops).size() == 2);
  CHECK(family.generations().size() == 2);
}

TEST_CASE("validation is asked for before any work", "[train][validation]") {
  const Net teacher(Rng(3));
  Net network(Rng(1));
  Net other(Rng(2));
  const Vector<float> before = weights(network);
  Distiller distiller(teacher, network, HardLabels{});
  MutualLearning mutual({}, network, other);
  MeanTeacher mean(network, {}, HardLabels{});
  BornAgain family(teacher, {}, HardLabels{});
  TeacherAssistant chain(teacher, other, network);
  int steps = 0;
  const auto check_refused = [&](FitOptions options, const std::string& message) {
    options.on_step = [&](const StepReport&) { ++steps; };
    const auto words = ContainsSubstring(message);
    CHECK_THROWS_WITH(fit(network, train, CrossEntropy{}, adam, options), words);
    CHECK_THROWS_WITH(distiller.fit(train, adam, options), words);
    CHECK_THROWS_AS(distiller.state<0>(), ConfigError);  // not even states were made
    CHECK_THROWS_WITH(mutual.fit(train, adam, options), words);
    CHECK_THROWS_WITH(mean.fit(train, adam, options), words);
    CHECK_THROWS_WITH(family.fit(train, adam, options), words);
    CHECK_THROWS_WITH(chain.fit(train, adam, options, HardLabels{}), words);
  };
  check_refused({.patience = 1}, "FitOptions: patience needs a validation set");
  check_refused({.keep_best = true}, "FitOptions: keep_best needs a validation set");
  check_refused({.validation = held_out, .patience = -1},
                "FitOptions: patience must be zero or more, got -1");
  const Dataset narrow(test::random_matrix<float>(5, 9, 1), test::random_labels(9, 3, 1), 3);
  check_refused({.validation = narrow},
                "fit, validation: expected 6 features a sample, as the model takes, got 5");
  const Dataset more(test::random_matrix<float>(6, 9, 1), Labels::Constant(9, 3), 4);
  check_refused({.validation = more}, "expected 0 to 2, got 3");
  CHECK(steps == 0);
  CHECK(family.generations().empty());
  CHECK(weights(network) == before);
  CHECK_THROWS_AS(fit(network, train, CrossEntropy{}, adam, {.validation = narrow}), ShapeError);
  CHECK_THROWS_AS(fit(network, train, CrossEntropy{}, adam, {.validation = more}), DataError);
  CHECK_THROWS_AS(fit(network, train, CrossEntropy{}, adam, {.patience = 1}), ConfigError);
}

TEST_CASE("the options hold the validation set", "[train][validation]") {
  // A set that went away would be read after its end: options keep a copy, which shares samples.
  FitOptions options;
  {
    const Dataset gone = samples(30, 2);
    options.validation = gone;
  }
  Net network(Rng(1));
  const FitReport report = fit(network, train, CrossEntropy{}, adam, options);
  CHECK(report.best().validation->loss == loss_of(network));
}

TEST_CASE("a network that a callback replaced is not overwritten by its best weights",
          "[train][validation]") {
  using Sized = Network<Sequential<Linear<>>>;
  Sized network(Sequential<Linear<>>(Linear<>(6, 3)), Rng(1));
  Sized other(Sequential<Linear<>>(Linear<>(6, 4)), Rng(1));
  CHECK_THROWS_AS(fit(network, train, CrossEntropy{}, adam,
                      {.validation = held_out,
                       .keep_best = true,
                       .on_epoch = [&](const EpochReport&) { network = std::move(other); }}),
                  ShapeError);
}

TEST_CASE("steps allocate nothing when epochs are validated", "[train][validation]") {
  if (!test::counts_allocations()) return;
  Net network(Rng(1));
  std::vector<Index> counts;
  counts.reserve(100);
  fit(network, train, CrossEntropy{}, adam,
      {.epochs = 3,
       .batch_size = 10,
       .validation = held_out,
       .patience = 3,
       .keep_best = true,
       .on_step = [&](const StepReport&) {
         counts.push_back(test::allocations());
         return true;
       }});
  REQUIRE(counts.size() == 12);
  for (std::size_t i = 1; i < counts.size(); ++i)
    if (i % 4 != 0) CHECK(counts[i] == counts[i - 1]);
}
