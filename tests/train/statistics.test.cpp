// SPDX-License-Identifier: MIT
//
// What layers know of their inputs goes wherever a network's weights go.
#include <string>
#include <utility>
#include <vector>

#include "kd/distill.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/interrupted.hpp"
#include "support/random_matrix.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using kd::test::check_interrupted;
using kd::test::error_of;

namespace {

using Net = Network<Sequential<Image<1, 4, 4>, Conv2d<3, 3, Window{.pad = 1}>, BatchNorm, ReLU,
                               Residual<Conv2d<3, 1>, BatchNorm>, GlobalAvgPool, Linear<3, 3>>>;

Dataset make_data(Index samples, std::uint64_t seed) {
  return {test::random_matrix<float>(16, samples, seed), test::random_labels(samples, 3, seed), 3};
}
const Dataset data = make_data(23, 1);
const Adam adam{{.lr = 0.02}};

Vector<float> all_of(const Net& network) { return map(network.weights()); }
Vector<float> statistics_of(const Net& network) { return map(network.statistics()); }

FitOptions options() {
  return {.epochs = 4, .batch_size = 5, .seed = 7, .validation = make_data(11, 5)};
}

}  // namespace

TEST_CASE("running moments go on from a checkpoint", "[train][statistics]") {
  const auto check_with = [](FitOptions options) {
    check_interrupted(options, [&](const FitOptions& given, FitReport& report) {
      Net network(Rng(1));
      report = fit(network, data, CrossEntropy{}, adam, given);
      return all_of(network);
    });
  };
  check_with(options());
  FitOptions best = options();
  best.epochs = 10;
  best.patience = 2;
  best.keep_best = true;
  check_with(best);
}

TEST_CASE("the best weights come with the running moments of their epoch", "[train][statistics]") {
  FitOptions best = options();
  best.epochs = 8;
  best.keep_best = true;
  Net network(Rng(1));
  const FitReport report = fit(network, data, CrossEntropy{}, Adam{{.lr = 0.3}}, best);
  REQUIRE(report.best_index.has_value());
  const std::size_t index = *report.best_index;
  REQUIRE(index + 1 < report.epochs.size());
  const auto& epoch = report.epochs[index];
  CHECK(evaluate(network, *best.validation).accuracy == epoch.validation->accuracy);
  FitOptions until = best;
  until.keep_best = false;
  until.epochs = static_cast<Index>(index) + 1;
  Net again(Rng(1));
  fit(again, data, CrossEntropy{}, Adam{{.lr = 0.3}}, until);
  CHECK(statistics_of(network) == statistics_of(again));
}

TEST_CASE("a teacher's running moments stay, a student's follow", "[train][statistics]") {
  Net trained(Rng(2));
  fit(trained, data, CrossEntropy{}, adam, options());
  const Net teacher = trained;
  const Vector<float> before = all_of(teacher);
  Net student(Rng(3));
  const Vector<float> first = statistics_of(student);
  Distiller(teacher, student, SoftTargets{}, SimilarityPreserving<3, 3>{})
      .fit(data, adam, options());
  CHECK(all_of(teacher) == before);
  CHECK(statistics_of(student) != first);

  // What is cached was computed in inference, as a live teacher's logits are.
  Net other(Rng(3));
  const CachedTeacher cached(teacher, data);
  const Net second_teacher = trained;
  Net live(Rng(3));
  const Sgd sgd{{.lr = 0.05}};  // Adam makes steps of rounding where there is no gradient
  Distiller(cached, other, SoftTargets{}).fit(data, sgd, options());
  Distiller(second_teacher, live, SoftTargets{}).fit(data, sgd, options());
  CHECK(all_of(other).isApprox(all_of(live), 1e-6F));
}

TEST_CASE("a mean teacher averages the running moments too", "[train][statistics]") {
  check_interrupted(options(), [&](const FitOptions& given, FitReport& report) {
    Net student(Rng(3));
    MeanTeacher mean(student, {.decay = 0.5}, HardLabels{});
    report = mean.fit(data, adam, given);
    CHECK(statistics_of(mean.teacher()) != statistics_of(student));
    CHECK(statistics_of(mean.teacher()).isApprox(statistics_of(student), 0.5F));
    Vector<float> both(2 * student.weights().size);
    both << all_of(student), all_of(mean.teacher());
    return both;
  });
}

TEST_CASE("networks that teach each other keep their own running moments", "[train][statistics]") {
  check_interrupted(options(), [&](const FitOptions& given, FitReport& report) {
    Net first(Rng(3));
    Net second(Rng(4));
    report = MutualLearning({}, first, second).fit(data, adam, given);
    CHECK(statistics_of(first) != statistics_of(second));
    Vector<float> both(2 * first.weights().size);
    both << all_of(first), all_of(second);
    return both;
  });
}

TEST_CASE("teachers that differ in running moments alone are two", "[train][statistics]") {
  const kd::test::TemporaryFolder folder;
  Net teacher(Rng(2));
  FitOptions kept = options();
  kept.checkpoint = {.file = folder.path("run"), .every = 1};
  const auto distil = [&] {
    Net student(Rng(3));
    const Net& frozen = teacher;
    Distiller(frozen, student, SoftTargets{}).fit(data, adam, kept);
  };
  distil();
  teacher.statistics().data[0] += 1;
  CHECK_THAT(error_of<ConfigError>(distil).what(), ContainsSubstring("teacher"));
}

TEST_CASE("weight decay leaves running moments alone", "[train][statistics]") {
  Net plain(Rng(1));
  Net decayed(Rng(1));
  FitOptions one = options();
  one.epochs = 1;
  one.batch_size = 23;
  fit(plain, data, CrossEntropy{}, Sgd{{.lr = 0.1}}, one);
  fit(decayed, data, CrossEntropy{}, Sgd{{.lr = 0.1, .weight_decay = 0.5}}, one);
  CHECK(map(plain.params()) != map(decayed.params()));
  CHECK(statistics_of(plain) == statistics_of(decayed));
}

TEST_CASE("after the first epoch no step of a network of images allocates", "[train][statistics]") {
  if (!kd::test::counts_allocations()) return;
  Net network(Rng(1));
  std::vector<Index> counts;
  counts.reserve(100);
  FitOptions plain{.epochs = 3, .batch_size = 5};
  plain.on_step = [&](const StepReport&) { counts.push_back(kd::test::allocations()); };
  fit(network, data, CrossEntropy{}, adam, plain);
  REQUIRE(counts.size() == 15);
  for (std::size_t i = 6; i < counts.size(); ++i)
    if (i % 5 != 0) CHECK(counts[i] == counts[i - 1]);
}
