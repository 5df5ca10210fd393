// SPDX-License-Identifier: MIT
//
// What trains with each sample twice in a batch, in two views.
#include <limits>
#include <utility>
#include <vector>

#include "kd/distill.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/interrupted.hpp"
#include "support/random_matrix.hpp"
#include "support/temporary_folder.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::error_of;

namespace {

constexpr Shape shape{1, 6, 6};
using Large = Sequential<Image<1, 6, 6>, Conv2d<4, 3>, ReLU, GlobalAvgPool, Linear<4, 3>>;
using Small = Sequential<Image<1, 6, 6>, Conv2d<3, 3>, ReLU, GlobalAvgPool, Linear<3, 3>>;

const Dataset data{test::random_matrix<float>(36, 23, 1), test::random_labels(23, 3, 2), 3};

/// Every batch is of two views that differ.
FitOptions two_views() {
  return {.epochs = 4,
          .batch_size = 5,
          .seed = 7,
          .augment = AugmentImages(shape, RandomShift{{.pixels = 1}}),
          .second_view = AugmentImages(shape, RandomShift{{.pixels = 1}}, RandomMirror{},
                                       Cutout{{.size = 2}})};
}

template <class N>
Vector<float> weights(const N& network) {
  return map(network.weights());
}

/// The weights of a student, and what `fit` reported.
struct Outcome {
  Vector<float> weights;
  FitReport report;
};

template <class TeacherT, class... Methods>
Outcome distilled_by(const TeacherT& teacher, const Dataset& samples, const FitOptions& options,
                     const Methods&... methods) {
  Network<Small> student(Rng(2));
  FitReport report =
      Distiller(teacher, student, methods...).fit(samples, Sgd{{.lr = 0.05}}, options);
  return {weights(student), std::move(report)};
}
template <class... Methods>
Outcome distilled(const Dataset& samples, const FitOptions& options, const Methods&... methods) {
  const Network<Large> teacher(Rng(1));
  return distilled_by(teacher, samples, options, methods...);
}

/// A second view that is the first once more must change nothing but rounding.
template <class Train>
void check_repeated(const Train& train) {
  FitOptions options{.epochs = 2, .batch_size = 5};
  const Outcome once = train(options);
  options.second_view = [](const AugmentedBatch&) {};
  Index samples = 0;
  options.on_step = [&](const StepReport& step) { samples += step.batch; };
  const Outcome twice = train(options);
  CHECK(samples == 2 * 23);
  CHECK((twice.weights - once.weights).norm() < 1e-4F * once.weights.norm());
  for (std::size_t i = 0; i < once.report.epochs.size(); ++i)
    CHECK(twice.report.epochs[i].loss == Approx(once.report.epochs[i].loss).epsilon(1e-4));
}

}  // namespace

TEST_CASE("samples that stand twice count as they do alone", "[distill][views]") {
  const Dataset weighted = data.with_weights(Vector<float>::LinSpaced(23, 0, 4));
  check_repeated([&](const FitOptions& options) {
    Network<Small> network(Rng(2));
    FitReport report = fit(network, weighted, CrossEntropy{}, Sgd{{.lr = 0.05}}, options);
    return Outcome{weights(network), std::move(report)};
  });
  check_repeated([&](const FitOptions& options) {
    return distilled(weighted, options, SoftTargets{}, DecoupledKd{}, MultiLevel{}, CorrelationKd{},
                     Hint<2, 2>{{.weight = 1}});
  });
  check_repeated([&](const FitOptions& options) {
    Network<Small> one(Rng(2));
    Network<Small> other(Rng(3));
    FitReport report = MutualLearning(MutualLearningOptions{}, one, other)
                           .fit(weighted, Sgd{{.lr = 0.05}}, options);
    return Outcome{weights(one), std::move(report)};
  });
}

TEST_CASE("MultiLevel compares samples within a view", "[distill][views]") {
  const MultiLevel pairs{{.instance_weight = 0, .class_weight = 0}};
  FitOptions options = two_views();
  const double both = distilled(data, options, pairs).report.epochs.front().loss;
  options.second_view = {};
  const double first = distilled(data, options, pairs).report.epochs.front().loss;
  CHECK(both > 0.75 * first);
  CHECK(both < 1.25 * first);  // that of all columns would be twice as large
}

TEST_CASE("every method trains on two views", "[distill][views]") {
  const auto trains = [](const auto&... methods) {
    const Outcome outcome = distilled(data, two_views(), methods...);
    CHECK(outcome.weights.allFinite());
    CHECK(outcome.report.epochs.size() == 4);
  };
  trains(HardLabels{}, SoftTargets{}, DecoupledKd{}, Nkd{}, RefinedLogits{}, LogitStandardization{},
         LogitStandardization(MultiLevel{}), Wttm{}, CorrelationKd{});
  trains(ReverseKl{}, GeneralizedJsd{}, AlphaBeta{}, MultiLevel{}, LogitMse{},
         WassersteinLogits(class_costs(Network<Large>(Rng(1)))), AdversarialTemperature{});
  trains(Hint<2, 2>{}, VariationalTransfer<3, 3>{}, FactorCosine<4, 4>{},
         SimilarityPreserving<2, 2>{}, RelationalKd<2, 2>{}, ProbabilisticTransfer<2, 2>{},
         Contrastive<3, 3>{{.width = 4, .negatives = 5}}, AttentionTransfer<2, 2>{});
  trains(WassersteinFeatures<2, 2>{}, CatKd{}, ScaleDecoupled(DecoupledKd{}, {.levels = 2}),
         Pooled<SimilarityPreserving, 2, 2>{});

  FitOptions options = two_views();
  const Dataset targets = data.with_targets(test::random_matrix<float>(3, 23, 4));
  CHECK(distilled(targets, options, HardTargets{}).weights.allFinite());
  const Network<Large> teacher(Rng(1));
  TopKTeacher table(teacher, data, 2);
  table.accept_augmented_inputs();
  CHECK(distilled_by(table, data, options, TopK{}).weights.allFinite());
  CHECK(distilled_by(VirtualTeacher(3), data, options, SoftTargets{}).weights.allFinite());
}

TEST_CASE("every scheme trains on two views", "[distill][views]") {
  const FitOptions options = two_views();
  const Sgd sgd{{.lr = 0.05}};
  const Network<Large> teacher(Rng(1));
  Network<Small> one(Rng(2));
  Network<Small> other(Rng(3));
  MutualLearning(MutualLearningOptions{}, one, other).fit(data, sgd, options);
  MeanTeacher(one, {.mode = TeacherMode::training}, HardLabels{}, LogitMse{})
      .fit(data, sgd, options);
  TeacherAssistant(teacher, one, other).fit(data, sgd, options, SoftTargets{});
  BornAgain family(one, {.generations = 2}, MultiLevel{});
  family.fit(data, sgd, options);
  for (const auto* network : {&one, &other, &family.generations().back()})
    CHECK(weights(*network).allFinite());
}

TEST_CASE("a run on two views is the same on any number of threads, and of its seed alone",
          "[distill][views]") {
  const auto run = [](const FitOptions& options) {
    return distilled(data, options, HardLabels{}, MultiLevel{}, RelationalKd<2, 2>{},
                     Contrastive<3, 3>{{.width = 4, .negatives = 5}})
        .weights;
  };
  const Vector<float> expected = run(two_views());
  {
    const test::Threads three(3);
    CHECK(run(two_views()) == expected);
  }
  FitOptions other = two_views();
  other.seed = 8;
  CHECK(run(other) != expected);
  FitOptions one_view = two_views();
  one_view.second_view = {};
  CHECK(run(one_view) != expected);
}

TEST_CASE("a run on two views goes on from its checkpoint", "[distill][views]") {
  const Network<Large> teacher(Rng(1));
  test::check_interrupted(two_views(), [&](const FitOptions& options, FitReport& report) {
    Network<Small> student(Rng(2));
    Distiller distiller(teacher, student, HardLabels{}, MultiLevel{},
                        Contrastive<3, 3>{{.width = 4, .negatives = 5}});
    report = distiller.fit(data, Adam{{.lr = 0.02}}, options);
    return std::vector<Vector<float>>{
        weights(student), map(distiller.template state<2>().student_bank.buffer.view())};
  });
}

TEST_CASE("a checkpoint of other views is refused", "[distill][views]") {
  const test::TemporaryFolder folder;
  FitOptions options = two_views();
  options.checkpoint = {.file = folder.path("run")};
  distilled(data, options, MultiLevel{});
  options.second_view = [](const AugmentedBatch&) {};
  CHECK_THROWS_WITH(
      distilled(data, options, MultiLevel{}),
      ContainsSubstring("second_view was 1 x 6 x 6, RandomShift pixels 1, RandomMirror "
                        "probability 0.5, Cutout size 2, is a function"));
}

TEST_CASE("a step on two views allocates nothing after the first", "[distill][views]") {
  if (!test::counts_allocations()) return;
  std::vector<Index> counts;
  counts.reserve(100);
  FitOptions options = two_views();
  options.on_step = [&](const StepReport&) { counts.push_back(test::allocations()); };
  distilled(data, options, HardLabels{}, MultiLevel{}, SimilarityPreserving<2, 2>{});
  REQUIRE(counts.size() == 20);
  for (std::size_t i = 1; i < counts.size(); ++i)  // five steps an epoch; then there are reports
    if (i % 5 != 0) CHECK(counts[i] == counts[i - 1]);
}

TEST_CASE("what cannot train on two views says so before the first step", "[distill][views]") {
  FitOptions options = two_views();
  options.augment = {};
  options.on_step = [](const StepReport&) { FAIL("a step was done"); };
  const Network<Large> teacher(Rng(1));
  CachedTeacher table(teacher, data);
  CHECK_THROWS_WITH(distilled_by(table, data, options, SoftTargets{}),
                    ContainsSubstring("CachedTeacher: FitOptions::augment or second_view changes"));

  Network<Small, cpu::Space, double> in_double(Rng(0));
  const std::string expected = "FitOptions: second_view needs a network in float on the CPU";
  CHECK_THROWS_WITH(fit(in_double, data, CrossEntropy{}, Adam{}, options), expected);
  const Network<Large, cpu::Space, double> large(Rng(0));
  CHECK_THROWS_WITH(Distiller(large, in_double, SoftTargets{}).fit(data, Adam{}, options),
                    expected);
  BornAgain family(in_double, {}, SoftTargets{});
  CHECK_THROWS_WITH(family.fit(data, Adam{}, options), expected);

  options.second_view = AugmentImages({1, 5, 5}, RandomMirror{});
  CHECK_THROWS_WITH(distilled(data, options, SoftTargets{}),
                    "second_view: expected samples of 1 x 5 x 5, that is 25 features, got 36");

  options = two_views();
  table.accept_augmented_inputs();
  CHECK(distilled_by(table, data, options, SoftTargets{}).weights.allFinite());
}

TEST_CASE("what is not finite in the second view is named with its sample", "[distill][views]") {
  FitOptions options{.batch_size = 5, .shuffle = false};
  options.second_view = [](const AugmentedBatch& batch) {
    for (Index b = 0; b < batch.inputs.cols; ++b)
      if (batch.samples.data[b] == 8) map(batch.inputs).col(b).setConstant(1e30F);
  };
  const FunctionTeacher teacher(3, [](const MatrixRef<float>& inputs) -> Matrix<float> {
    const auto first = inputs.topRows(3).array();
    return (first > 1e20F).select(std::numeric_limits<float>::infinity(), first);
  });
  const auto error =
      error_of<NumericError>([&] { distilled_by(teacher, data, options, SoftTargets{}); });
  CHECK(error.step == 2);
  CHECK(error.tensor == "one of the logits of the teacher (sample 8)");
}
