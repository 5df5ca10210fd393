// SPDX-License-Identifier: MIT
#include "kd/distill/distiller.hpp"

#include <array>
#include <limits>
#include <thread>

#include "kd/loss/cross_entropy.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/optim/adam.hpp"
#include "kd/optim/sgd.hpp"
#include "kd/teachers/cached_teacher.hpp"
#include "kd/train/fit.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden_training.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

using Big = Sequential<Linear<12, 40>, Dropout, ReLU, Linear<40, 4>>;
using Small = Sequential<Linear<12, 6>, ReLU, Linear<6, 4>>;
using Sized = Sequential<Linear<>, ReLU, Linear<>>;

Dataset samples(Index count = 70, Index features = 12, Index classes = 4) {
  return {random_matrix<float>(features, count, 1), kd::test::random_labels(count, classes, 2),
          classes};
}

Sized sized(Index in, Index classes) {
  return Sized(Linear<>(in, 6), ReLU(), Linear<>(6, classes));
}

template <class N>
auto weights(const N& network) {
  return Vector<typename N::Scalar>(map(network.params()));
}

/// The weights of a student that was distilled with these methods.
template <class... Methods>
Vector<float> distilled(const Dataset& data, const FitOptions& options, const Methods&... methods) {
  const Network<Big> teacher(Rng(1));
  Network<Small> student(Rng(2));
  Distiller distiller(teacher, student, methods...);
  distiller.fit(data, Adam{{.lr = 1e-2}}, options);
  return weights(student);
}

/// A method that learns one weight, whose gradient is 1 in every step and is added, as all are.
struct Slope {
  static constexpr std::array<const char*, 1> terms{"slope"};

  struct State {
    Buffer<float> weight{1};
    Buffer<float> gradient{1};
    VectorView<float> params() { return weight.view(); }
    VectorView<const float> params() const { return weight.view(); }
    VectorView<float> grads() { return gradient.view(); }
  };

  std::array<double, 1> weights(const Progress&) const { return {1}; }
  template <class TeacherT, class StudentT>
  State make_state(const TeacherT&, const StudentT&, Index) const {
    return {};
  }
  void accumulate(const DistillStep<float, cpu::Space>&, State& state) const {
    *state.grads().data += 1;
  }
};

}  // namespace

TEST_CASE("each step begins with a method's gradients at zero", "[distill][distiller]") {
  const Network<Big> teacher(Rng(1));
  Network<Small> student(Rng(2));
  Distiller distiller(teacher, student, Slope{});
  distiller.fit(samples(60), Sgd{{.lr = 0.5}}, {.epochs = 1, .batch_size = 20});
  CHECK(*distiller.state<0>().params().data == -1.5F);
}

TEMPLATE_TEST_CASE("ten Adam steps of the article's distilled student are PyTorch's",
                   "[distill][distiller]", float, double) {
  using S = TestType;
  auto student = kd::test::golden_student<S>();
  const Matrix<S> logits = kd::test::golden<float>("training/teacher_logits").template cast<S>();
  const CachedTeacher teacher(logits);
  kd::test::TrainingTrace<S> trace;
  Distiller distiller(teacher, student,
                      SoftTargets({.temperature = 7, .hard_weight = 0.3, .soft_weight = 0.7}));
  const FitReport report =
      distiller.fit(kd::test::golden_samples(), Adam{{.lr = 1e-4}}, trace.record(student));
  CHECK(trace.distance("distilled") < 1e-5);

  const Matrix<double> losses = kd::test::golden("training/distilled_losses_double");
  REQUIRE(report.epochs.size() == 1);
  const auto& epoch = report.epochs[0];
  CHECK_THAT(epoch.loss, WithinRel(losses.row(0).mean(), 1e-5));
  REQUIRE(epoch.terms.size() == 2);
  CHECK_THAT(epoch.terms[0].value, WithinRel(losses.row(1).mean(), 1e-5));
  CHECK_THAT(epoch.terms[1].value, WithinRel(losses.row(2).mean(), 1e-5));
}

TEST_CASE("the losses are reported by name", "[distill][distiller]") {
  const Network<Big> teacher(Rng(1));
  Network<Small> student(Rng(2));
  Distiller distiller(teacher, student,
                      SoftTargets({.temperature = 2, .hard_weight = 0.25, .soft_weight = 0.5}),
                      SoftTargets({.temperature = 5, .hard_weight = 0, .soft_weight = 2}));
  const FitReport report = distiller.fit(samples(), Adam{}, {.epochs = 2});
  REQUIRE(report.epochs.size() == 2);
  for (const EpochReport& epoch : report.epochs) {
    REQUIRE(epoch.terms.size() == 4);
    const double expected_weights[] = {0.25, 0.5, 0, 2};
    double sum = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      CHECK(epoch.terms[k].name == (k % 2 == 0 ? "hard" : "soft"));
      CHECK(epoch.terms[k].weight == expected_weights[k]);
      CHECK(epoch.terms[k].value > 0);
      sum += epoch.terms[k].weight * epoch.terms[k].value;
    }
    CHECK(epoch.terms[0].value == epoch.terms[2].value);
    CHECK_THAT(epoch.loss, WithinRel(sum, 1e-12));
  }
}

TEST_CASE("methods add up", "[distill][distiller]") {
  const FitOptions options{.epochs = 2, .batch_size = 16};
  const Vector<float> both = distilled(
      samples(), options, SoftTargets({.temperature = 3, .hard_weight = 0.4, .soft_weight = 0.6}));
  const Vector<float> apart = distilled(
      samples(), options, SoftTargets({.temperature = 3, .hard_weight = 0.4, .soft_weight = 0}),
      SoftTargets({.temperature = 3, .hard_weight = 0, .soft_weight = 0.6}));
  CHECK(apart.isApprox(both, 1e-4F));
}

TEST_CASE("distilling imitates the teacher and leaves it alone, bit by bit",
          "[distill][distiller]") {
  const Dataset data = samples(200);
  Network<Big> teacher(Rng(1));
  map(teacher.params()) *= 3;
  const Vector<float> before = weights(teacher);
  const Matrix<float> logits = teacher.predict(data.inputs());
  Network<Small> student(Rng(2));
  const SoftTargets soft({.temperature = 1, .hard_weight = 0, .soft_weight = 1});
  Distiller distiller(teacher, student, soft);
  const FitReport report = distiller.fit(data, Adam{{.lr = 0.02}}, {.epochs = 60});
  CHECK(weights(teacher) == before);
  CHECK(teacher.predict(data.inputs()) == logits);
  CHECK(report.epochs.back().loss < 0.1 * report.epochs.front().loss);

  Index agree = 0;
  const Matrix<float> imitated = student.predict(data.inputs());
  for (Index i = 0; i < data.size(); ++i) {
    Index a = 0;
    Index b = 0;
    logits.col(i).maxCoeff(&a);
    imitated.col(i).maxCoeff(&b);
    agree += a == b ? 1 : 0;
  }
  CHECK(agree > 180);
}

TEST_CASE("without the teacher's part a distiller trains on labels alone", "[distill][distiller]") {
  const Dataset data = samples();
  const FitOptions options{.epochs = 2, .batch_size = 16, .seed = 5};
  const Vector<float> by_distiller =
      distilled(data, options, SoftTargets({.hard_weight = 1, .soft_weight = 0}));
  Network<Small> alone(Rng(2));
  fit(alone, data, CrossEntropy{}, Adam{{.lr = 1e-2}}, options);
  CHECK(by_distiller.isApprox(weights(alone), 1e-4F));
}

TEST_CASE("a seed decides what a student learns, the number of threads does not",
          "[distill][distiller]") {
  using Wide = Sequential<Linear<64, 300>, Dropout, ReLU, Linear<300, 10>>;
  const Dataset data = samples(256, 64, 10);
  const auto run = [&](std::uint64_t seed) {
    const Network<Wide> teacher(Rng(1));
    Network<Wide> student(Rng(2));
    Distiller distiller(teacher, student, SoftTargets());
    distiller.fit(data, Adam{}, {.epochs = 2, .batch_size = 128, .seed = seed});
    return weights(student);
  };
  const Vector<float> alone = run(1);
  CHECK(run(1) == alone);
  CHECK(run(2) != alone);
  const kd::test::Threads use(2);
  CHECK(run(1) == alone);
}

TEST_CASE("two distillers work in two threads", "[distill][distiller]") {
  const Network<Big> teacher(Rng(1));
  const Dataset data = samples(500);
  const auto run = [&](std::uint64_t seed) {
    Network<Small> student((Rng(seed)));
    Distiller distiller(teacher, student, SoftTargets());
    distiller.fit(data, Adam{}, {.epochs = 5, .seed = seed});
    return weights(student);
  };
  const Vector<float> first = run(1);
  const Vector<float> second = run(2);
  for (const int threads : {1, 2}) {
    const kd::test::Threads use(threads);
    Vector<float> other;
    std::thread thread([&] { other = run(2); });
    CHECK(run(1) == first);
    thread.join();
    CHECK(other == second);
  }
}

TEST_CASE("a teacher that says NaN stops training, and the last good step remains",
          "[distill][distiller]") {
  const Dataset data = samples(40);
  Network<Big> teacher(Rng(1));
  teacher.params().data[teacher.num_params() - 1] = std::numeric_limits<float>::quiet_NaN();
  Network<Small> student(Rng(2));
  const Vector<float> before = weights(student);
  Distiller distiller(teacher, student, SoftTargets());
  try {
    distiller.fit(data, Adam{}, {.epochs = 3, .batch_size = 10});
    FAIL("fit went on");
  } catch (const NumericError& error) {
    CHECK(error.epoch == 1);
    CHECK(error.step == 1);
    CHECK_THAT(error.tensor, StartsWith("one of the logits of the teacher (sample "));
  }
  CHECK(weights(student) == before);
}

TEST_CASE("a distiller refuses what does not fit", "[distill][distiller]") {
  const Network<Big> teacher(Rng(1));
  Network<Sized> other_classes(sized(12, 5), Rng(2));
  CHECK_THROWS_AS(Distiller(teacher, other_classes, SoftTargets()), ShapeError);
  CHECK_THROWS_WITH(Distiller(teacher, other_classes, SoftTargets()),
                    "Distiller: expected 5 classes of the teacher, as the student has, got 4");
  Network<Sized> other_features(sized(11, 4), Rng(2));
  CHECK_THROWS_WITH(
      Distiller(teacher, other_features, SoftTargets()),
      "Distiller: expected 11 input features of the teacher, as the student has, got 12");

  Network<Small> student(Rng(2));
  const Vector<float> before = weights(student);
  Distiller distiller(teacher, student, SoftTargets());
  const auto run = [&](const Dataset& data, const FitOptions& options) {
    distiller.fit(data, Adam{}, options);
  };
  CHECK_THROWS_WITH(run(samples(), {.epochs = 0}), "FitOptions: epochs must be at least 1, got 0");
  CHECK_THROWS_AS(run(samples(), {.batch_size = 0}), ConfigError);
  CHECK_THROWS_WITH(run(samples(70, 11), {}),
                    "Distiller::fit: expected 12 features a sample, as the model takes, got 11");
  CHECK_THROWS_AS(run(samples(70, 12, 5), {}), DataError);
  CHECK(weights(student) == before);

  using D = Distiller<Network<Big>, Network<Small>, SoftTargets>;
  STATIC_REQUIRE(std::is_constructible_v<D, const Network<Big>&, Network<Small>&, SoftTargets>);
  STATIC_REQUIRE_FALSE(
      std::is_constructible_v<D, const Network<Big>&, Network<Small>, SoftTargets>);
}

TEST_CASE("a student of run-time sizes learns like one of fixed sizes", "[distill][distiller]") {
  const Network<Big> teacher(Rng(1));
  const Dataset data = samples();
  Network<Small> fixed(Rng(2));
  Network<Sized> any(sized(12, 4), Rng(2));
  Distiller(teacher, fixed, SoftTargets()).fit(data, Sgd{}, {.epochs = 2});
  Distiller(teacher, any, SoftTargets()).fit(data, Sgd{}, {.epochs = 2});
  CHECK(weights(any) == weights(fixed));
}

TEST_CASE("a step of distillation allocates nothing after the first", "[distill][distiller]") {
  if (!kd::test::counts_allocations()) return;
  const Network<Big> live(Rng(1));
  const Dataset data = samples();
  const CachedTeacher cached(live, data);
  const auto worst_step = [&](const auto& teacher) {
    Network<Small> student(Rng(2));
    std::vector<Index> counts;
    counts.reserve(100);
    Distiller distiller(teacher, student, SoftTargets());
    distiller.fit(data, Adam{}, {.epochs = 3, .batch_size = 7, .on_step = [&](const StepReport&) {
                                   counts.push_back(kd::test::allocations());
                                 }});
    Index worst = 0;
    for (std::size_t i = 1; i < counts.size(); ++i)  // ten steps an epoch; then there are reports
      if (i % 10 != 0) worst = std::max(worst, counts[i] - counts[i - 1]);
    return worst;
  };
  CHECK(worst_step(live) == 0);
  CHECK(worst_step(cached) == 0);
}
