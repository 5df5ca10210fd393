// SPDX-License-Identifier: MIT
//
// A training that is broken off at any step and begun again by the same call ends as one that was
// not.
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "kd/distill.hpp"
#include "kd/train/run_checkpoint.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/interrupted.hpp"
#include "support/random_matrix.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using namespace std::chrono_literals;
using kd::test::check_interrupted;
using kd::test::error_of;

namespace {

using Net = Network<Sequential<Linear<6, 8>, Dropout, ReLU, Linear<8, 3>>>;
using Small = Network<Sequential<Linear<6, 5>, ReLU, Linear<5, 3>>>;

Dataset make_data(Index samples, std::uint64_t seed) {
  return {test::random_matrix<float>(6, samples, seed), test::random_labels(samples, 3, seed), 3};
}
const Dataset data = make_data(23, 1);
const Adam adam{{.lr = 0.02}};

template <class N>
Vector<float> weights(const N& network) {
  return map(network.params());
}

/// Everything that depends on the epoch or the step.
FitOptions options() {
  return {.epochs = 4,
          .batch_size = 5,
          .seed = 7,
          .augment = [](Eigen::Ref<Matrix<float>> inputs,
                        Rng rng) { inputs.row(0).array() += rng.symmetric(0.1F); },
          .schedule = CosineSchedule{},
          .max_grad_norm = 0.5,
          .validation = make_data(11, 5)};
}

FitOptions plain() { return {.epochs = 3, .batch_size = 5}; }

/// What it learned, after its steps were counted.
struct Halves {
  Vector<float> first;
  Vector<float> second;
  friend bool operator==(const Halves&, const Halves&) = default;
};

}  // namespace

TEST_CASE("a network's training goes on from its checkpoint", "[train][checkpoint]") {
  const auto check_with = [](const auto& optimizer, FitOptions options) {
    check_interrupted(options, [&](const FitOptions& given, FitReport& report) {
      Net network(Rng(1));
      report = fit(network, data, CrossEntropy{}, optimizer, given);
      return weights(network);
    });
  };
  check_with(adam, options());
  check_with(Sgd{{.lr = 0.05, .momentum = 0.9, .nesterov = true}}, options());
  check_with(Sgd{}, plain());
  FitOptions best = options();
  best.epochs = 12;
  best.patience = 2;
  best.keep_best = true;
  check_with(Adam{{.lr = 0.2, .weight_decay = 0.1, .decay_biases = false}}, best);
}

TEST_CASE("the weights of methods go on from a checkpoint", "[train][checkpoint]") {
  const Net teacher(Rng(2));
  check_interrupted(options(), [&](const FitOptions& given, FitReport& report) {
    Small student(Rng(3));
    const NetworkTeacher noisy(teacher, TeacherMode::training, 3);
    Distiller distiller(noisy, student,
                        SoftTargets{{.temperature = LinearRamp{{.from = 8, .to = 2}}}},
                        Hint<3, 2>{}, AdversarialTemperature{}, VariationalTransfer<3, 2>{},
                        Contrastive<3, 2>{{.width = 4, .negatives = 6}},
                        LogitStandardization(DecoupledKd{{.warm_up_epochs = 2}}));
    report = distiller.fit(data, adam, given);
    return std::vector<Vector<float>>{
        weights(student), weights(distiller.template state<1>().regressor),
        map(distiller.template state<2>().theta.view()),
        map(distiller.template state<4>().student_bank.buffer.view())};
  });
}

TEST_CASE("teachers that draw masks go on with the next, in an ensemble too",
          "[train][checkpoint]") {
  const Net one(Rng(2));
  const Net two(Rng(4));
  check_interrupted(plain(), [&](const FitOptions& given, FitReport& report) {
    Small student(Rng(3));
    const NetworkTeacher a(one, TeacherMode::training, 3);
    const NetworkTeacher b(two, TeacherMode::training, 5);
    const EnsembleTeacher both(MeanOfProbabilities{.temperature = 4}, a, b);
    report = Distiller(both, student, SoftTargets{}).fit(data, adam, given);
    return weights(student);
  });
}

TEST_CASE("students that learn from each other go on", "[train][checkpoint]") {
  check_interrupted(options(), [&](const FitOptions& given, FitReport& report) {
    Net a(Rng(1));
    Small b(Rng(2));
    MutualLearning mutual(MutualLearningOptions{.temperature = 2}, a, b);
    report = mutual.fit(data, adam, given);
    return Halves{weights(a), weights(b)};
  });
}

TEST_CASE("a student and its average go on", "[train][checkpoint]") {
  check_interrupted(options(), [&](const FitOptions& given, FitReport& report) {
    Net student(Rng(1));
    MeanTeacher mean(student, {.decay = 0.8, .mode = TeacherMode::training, .seed = 3},
                     HardLabels{}, LogitMse{{.weight = LinearRamp{{.from = 0, .to = 1}}}});
    report = mean.fit(data, adam, given);
    return Halves{weights(student), weights(mean.teacher())};
  });
}

TEST_CASE("generations go on where the last one stopped", "[train][checkpoint]") {
  const Small teacher(Rng(9));
  check_interrupted(options(), [&](const FitOptions& given, FitReport& report) {
    BornAgain family(teacher, {.generations = 3, .seed = 2}, SoftTargets{});
    report = family.fit(data, adam, given).back();
    std::vector<Vector<float>> all;
    for (const Small& one : family.generations()) all.push_back(weights(one));
    return all;
  });
}

TEST_CASE("a chain of assistants goes on where the last one stopped", "[train][checkpoint]") {
  const Net teacher(Rng(9));
  check_interrupted(options(), [&](const FitOptions& given, FitReport& report) {
    Small assistant(Rng(1));
    Small student(Rng(2));
    TeacherAssistant chain(teacher, assistant, student);
    report = chain.fit(data, adam, given, SoftTargets{}).back();
    return Halves{weights(assistant), weights(student)};
  });
}

TEST_CASE("a callback's stop writes a checkpoint from which the next call goes on",
          "[train][checkpoint]") {
  const test::TemporaryFolder folder;
  Net whole(Rng(1));
  fit(whole, data, CrossEntropy{}, adam, options());
  FitOptions given = options();
  given.checkpoint = {.file = folder.path("run"), .every = 1000};
  Net network(Rng(1));
  Index steps = 0;
  given.on_step = [&](const StepReport&) { return ++steps != 7; };
  FitReport report = fit(network, data, CrossEntropy{}, adam, given);
  CHECK(report.stopped == Stopped::callback);
  CHECK(report.epochs.size() == 1);
  given.on_step = {};
  given.on_epoch = [](const EpochReport& epoch) { return epoch.epoch != 3; };
  const bool same_network = GENERATE(true, false);  // also after a new start of the program
  Net anew(Rng(1));
  Net& next = same_network ? network : anew;
  report = fit(next, data, CrossEntropy{}, adam, given);
  CHECK(report.stopped == Stopped::callback);
  CHECK(report.epochs.size() == 3);
  report = fit(next, data, CrossEntropy{}, adam, given);
  CHECK(report.stopped == Stopped::all_epochs);
  CHECK(report.epochs.size() == 4);
  CHECK(weights(next) == weights(whole));
}

TEST_CASE("a training that has ended is not done again", "[train][checkpoint]") {
  const test::TemporaryFolder folder;
  FitOptions given = options();
  given.epochs = 20;
  given.patience = 1;
  given.keep_best = true;
  given.checkpoint = {.file = folder.path("run"), .every = 1min};
  const Adam coarse{{.lr = 0.3}};
  Net network(Rng(1));
  const FitReport first = fit(network, data, CrossEntropy{}, coarse, given);
  REQUIRE(first.stopped == Stopped::patience);
  const Vector<float> trained = weights(network);
  given.on_step = [](const StepReport&) { FAIL("a step was done"); };
  const std::string content = folder.read("run");
  const auto check_returns = [&](Net& again) {
    const FitReport second = fit(again, data, CrossEntropy{}, coarse, given);
    CHECK(weights(again) == trained);
    CHECK(second.stopped == Stopped::patience);
    CHECK(second.best_index == first.best_index);
    REQUIRE(second.epochs.size() == first.epochs.size());
    CHECK(second.epochs.back().seconds == first.epochs.back().seconds);
    CHECK(second.best().validation->loss == first.best().validation->loss);
    CHECK(second.epochs.front().terms.front().name == "loss");
  };
  check_returns(network);
  Net anew(Rng(1));
  check_returns(anew);
  CHECK(folder.read("run") == content);
}

TEST_CASE("a checkpoint is written every so many epochs", "[train][checkpoint]") {
  const test::TemporaryFolder folder;
  FitOptions given = plain();
  given.checkpoint = {.file = folder.path("run"), .every = 2};
  std::vector<bool> was_there;
  given.on_epoch = [&](const EpochReport&) {
    was_there.push_back(std::filesystem::exists(folder.path("run")));
  };
  Net network(Rng(1));
  fit(network, data, CrossEntropy{}, adam, given);
  CHECK(was_there == std::vector<bool>{false, false, true});
}

TEST_CASE("the checkpoint of another training is refused by name", "[train][checkpoint]") {
  const test::TemporaryFolder folder;
  const Net teacher(Rng(2));
  FitOptions given = options();
  given.checkpoint = {.file = folder.path("run")};
  const SoftTargets method{{.temperature = 3}};
  const auto run = [&](const auto& from, const FitOptions& with, const auto& optimizer,
                       const Dataset& on, const auto&... methods) {
    Small student(Rng(3));
    Distiller(from, student, methods...).fit(on, optimizer, with);
  };
  run(teacher, given, adam, data, method, Hint<3, 2>{});
  const std::string content = folder.read("run");
  const auto refused = [&](const auto& f) {
    const std::string message = error_of<ConfigError>(f).what();
    CHECK_THAT(message, StartsWith(folder.path("run") + ": a checkpoint of another training: "));
    CHECK_THAT(message, EndsWith(" (delete the file to begin anew)"));
    CHECK(folder.read("run") == content);
    const auto from = message.find("training: ") + 10;
    return message.substr(from, message.rfind(" (delete") - from);
  };
  const auto other = [&](const auto& change) {
    FitOptions with = given;
    change(with);
    return refused([&] { run(teacher, with, adam, data, method, Hint<3, 2>{}); });
  };
  CHECK_THAT(other([](FitOptions& o) { o.epochs = 5; }),
             StartsWith("epochs was 4, is 5; schedule was a function with fingerprint "));
  CHECK(other([](FitOptions& o) { o.seed = 8; }) == "seed was 7, is 8");
  CHECK(other([](FitOptions& o) { o.shuffle = false; }) == "shuffle was true, is false");
  CHECK(other([](FitOptions& o) { o.augment = {}; }) == "augment was a function, is none");
  CHECK(other([](FitOptions& o) { o.max_grad_norm = 1; }) == "max_grad_norm was 0.5, is 1");
  CHECK(other([](FitOptions& o) { o.patience = 3; }) == "patience was 0, is 3");
  CHECK(other([](FitOptions& o) { o.keep_best = true; }) == "keep_best was false, is true");
  CHECK(other([](FitOptions& o) { o.validation = {}; }) == "validation is missing here");
  CHECK_THAT(other([](FitOptions& o) { o.validation = make_data(11, 6); }),
             StartsWith("validation was samples 0 to 10 of 11 with 6 features, fingerprints "));
  CHECK_THAT(other([](FitOptions& o) { o.schedule = {}; }),
             StartsWith("schedule was a function with fingerprint ") && EndsWith(", is none"));
  CHECK(refused([&] { run(teacher, given, Adam{{.lr = 0.01}}, data, method, Hint<3, 2>{}); }) ==
        "optimizer: lr was 0.02, is 0.01");
  CHECK_THAT(refused([&] { run(teacher, given, adam, make_data(23, 4), method, Hint<3, 2>{}); }),
             StartsWith("data was samples 0 to 22 of 23"));
  const std::vector<Index> places{2, 0, 7};
  CHECK_THAT(refused([&] { run(teacher, given, adam, data.subset(places), method, Hint<3, 2>{}); }),
             StartsWith("data was samples 0 to 22 of 23") &&
                 ContainsSubstring(", is 3 samples at places with fingerprint "));
  CHECK(refused([&] {
          run(teacher, given, adam, data, SoftTargets{{.temperature = 4}}, Hint<3, 2>{});
        }) == "SoftTargets: temperature was 3, is 4");
  CHECK(refused([&] {
          run(teacher, given, adam, data,
              SoftTargets{
                  {.temperature = 3,
                   .hard_weight = [](const Progress& at) { return at.step > 3 ? 0.5 : 0.1; }}},
              Hint<3, 2>{});
        }).starts_with("SoftTargets: hard_weight was 0.1, is a function with fingerprint "));
  CHECK(refused([&] { run(teacher, given, adam, data, method, Hint<2, 2>{}); }) ==
        "layers was 3 and 2, is 2 and 2");
  CHECK(refused([&] { run(teacher, given, adam, data, method); }) ==
        "method, here teacher's classes");
  CHECK(refused([&] {
          run(teacher, given, adam, data, LogitMse{}, Hint<3, 2>{});
        }).starts_with("method was SoftTargets, is LogitMse; SoftTargets: temperature, here "));
  const Net another(Rng(5));
  CHECK_THAT(refused([&] { run(another, given, adam, data, method, Hint<3, 2>{}); }),
             StartsWith("teacher was fingerprint "));
  CHECK(refused([&] {
          Net student(Rng(3));
          Distiller(teacher, student, method, Hint<3, 2>{}).fit(data, adam, given);
        }) ==
        "student was Linear(6, 5), ReLU, Linear(5, 3) in float, is Linear(6, 8), "
        "Dropout(0.5), ReLU, Linear(8, 3) in float");
  CHECK(refused([&] {
          Small student(Rng(4));
          Distiller(teacher, student, method, Hint<3, 2>{}).fit(data, adam, given);
        }) ==
        "what is trained has neither the weights with which that began nor those with which "
        "it ended");
  CHECK_THAT(refused([&] {
               Small student(Rng(3));
               fit(student, data, CrossEntropy{}, adam, given);
             }),
             StartsWith("student, here network"));
  run(teacher, given, adam, data, method, Hint<3, 2>{});  // the same is not
}

TEST_CASE("options of schemes and of losses are part of a checkpoint", "[train][checkpoint]") {
  const test::TemporaryFolder folder;
  FitOptions given = plain();
  given.checkpoint = {.file = folder.path("mean")};
  const auto mean = [&](double decay) {
    Small student(Rng(1));
    MeanTeacher(student, {.decay = decay}, HardLabels{}).fit(data, adam, given);
  };
  mean(0.9);
  CHECK_THROWS_WITH(mean(0.8), ContainsSubstring("MeanTeacher: decay was 0.9, is 0.8"));
  given.checkpoint.file = folder.path("mutual");
  const auto mutual = [&](double temperature) {
    Small a(Rng(1));
    Small b(Rng(2));
    MutualLearning(MutualLearningOptions{.temperature = temperature}, a, b).fit(data, adam, given);
  };
  mutual(2);
  CHECK_THROWS_WITH(mutual(3), ContainsSubstring("MutualLearning: temperature was 2, is 3"));
  given.checkpoint.file = folder.path("loss");
  const auto train = [&](const auto& loss) {
    Small network(Rng(1));
    fit(network, data, loss, adam, given);
  };
  train(LabelSmoothing{{.smoothing = 0.1}});
  CHECK_THROWS_WITH(train(LabelSmoothing{{.smoothing = 0.2}}),
                    ContainsSubstring("loss: smoothing was 0.1, is 0.2"));
  CHECK_THROWS_WITH(train(CrossEntropy{}),
                    ContainsSubstring("loss was LabelSmoothing, is CrossEntropy"));
  given.checkpoint.file = folder.path("hard");
  const auto distil = [&](const auto& method) {
    const Small teacher(Rng(5));
    Small network(Rng(1));
    Distiller(teacher, network, method).fit(data, adam, given);
  };
  distil(HardLabels{{.weight = 2}});
  CHECK_THROWS_WITH(distil(HardLabels{}), ContainsSubstring("HardLabels: weight was 2, is 1"));
}

TEST_CASE("what is no checkpoint is refused and stays", "[train][checkpoint]") {
  const test::TemporaryFolder folder;
  FitOptions given = plain();
  given.checkpoint = {.file = folder.write("run", "precious")};
  Small network(Rng(1));
  const Vector<float> before = weights(network);
  const auto run = [&] { fit(network, data, CrossEntropy{}, adam, given); };
  CHECK_THROWS_WITH(
      run(), folder.path("run") + ": byte 0: expected a checkpoint of kd, got something else");
  CHECK(folder.read("run") == "precious");
  folder.write("run", "kd checkpoint 0.0.7\nof long ago");
  CHECK_THROWS_WITH(run(), folder.path("run") + ": kd 0.0.7 wrote this checkpoint, this is kd " +
                               KD_VERSION + ": finish the training with that one, or begin anew");
  given.checkpoint.file = folder.path();
  CHECK_THROWS_AS(run(), IoError);
  given.checkpoint.file = folder.path("no/such/folder/run");
  CHECK_THROWS_AS(run(), IoError);
  CHECK(weights(network) == before);
}

TEST_CASE("a checkpoint with any bit flipped or any end missing changes nothing",
          "[train][checkpoint]") {
  const test::TemporaryFolder folder;
  FitOptions given = plain();
  given.validation = make_data(5, 3);
  given.keep_best = true;
  given.checkpoint = {.file = folder.path("run")};
  using Tiny = Network<Sequential<Linear<6, 3>>>;
  Tiny trained(Rng(1));
  fit(trained, data, CrossEntropy{}, adam, given);
  const std::string whole = folder.read("run");
  Tiny network(Rng(1));
  const Vector<float> before = weights(network);
  const auto check_refused = [&](const std::string& content) {
    folder.write("run", content);
    try {
      fit(network, data, CrossEntropy{}, adam, given);
      FAIL("it was accepted");
    } catch (const FormatError&) {
    } catch (const ConfigError&) {  // another version
    }
  };
  for (std::size_t size = 0; size < whole.size(); size += size < 40 ? 1 : 17)
    check_refused(whole.substr(0, size));
  for (std::size_t at = 0; at < whole.size(); at += at < 40 ? 1 : 7) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
    check_refused(flipped);
  }
  check_refused(whole + '\0');
  CHECK(weights(network) == before);
  folder.write("run", whole);
  fit(network, data, CrossEntropy{}, adam, given);
  CHECK(weights(network) == weights(trained));
}

TEST_CASE("intervals of checkpoints are checked", "[train][checkpoint]") {
  Small network(Rng(1));
  FitOptions given = plain();
  const auto run = [&] { fit(network, data, CrossEntropy{}, adam, given); };
  given.checkpoint = {.file = "", .every = 0};
  CHECK_THROWS_WITH(run(), "FitOptions: checkpoint.every must be at least 1, got 0");
  given.checkpoint = {.file = "", .every = -1ms};
  CHECK_THROWS_WITH(
      run(),
      "FitOptions: checkpoint.every, in seconds, must be zero or more and finite, got -0.001");
}

namespace {

/// An optimizer of somebody's who has not read about checkpoints.
struct Plain {
  template <Real S, class Space>
  struct State {};
  template <Real S, class Space>
  State<S, Space> make_state(Index, const Space&) const {
    return {};
  }
  template <Real S, class Space>
  void step(const Space&, State<S, Space>&, VectorView<S, Space> params,
            VectorView<const S, Space> grads, double, Guard<Space>) const {
    map(params) -= S(0.1) * map(grads);
  }
  double lr() const { return 0.1; }
};

/// A method that remembers, and does not say what a checkpoint is to keep.
struct Remembers : LogitMse {
  Remembers() : LogitMse(LogitMseOptions{}) {}
  template <class Inner>
  struct State {
    Inner inner;
    void resume(const State&) {}
  };
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    auto inner = LogitMse::make_state(teacher, student, capacity);
    return State<decltype(inner)>{std::move(inner)};
  }
  template <Real S, class Space, class Inner>
  void accumulate(const DistillStep<S, Space>& step, State<Inner>& state) const {
    LogitMse::accumulate(step, state.inner);
  }
};

}  // namespace

TEST_CASE("an optimizer or method that does not say what to keep is refused",
          "[train][checkpoint]") {
  const test::TemporaryFolder folder;
  FitOptions given = plain();
  given.checkpoint = {.file = folder.path("run")};
  Small network(Rng(1));
  CHECK_THROWS_WITH(fit(network, data, CrossEntropy{}, Plain{}, given),
                    "FitOptions: checkpoint needs an optimizer that tells what steps change in its "
                    "state, by keep(state, kept)");
  const Small teacher(Rng(2));
  CHECK_THROWS_WITH(Distiller(teacher, network, Remembers()).fit(data, adam, given),
                    "FitOptions: checkpoint needs all that steps change: the state of LogitMse has "
                    "resume, but no keep(kept)");
  CHECK_FALSE(std::filesystem::exists(folder.path("run")));
}
