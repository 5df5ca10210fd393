// SPDX-License-Identifier: MIT
#include "kd/teachers/sample_table.hpp"

#include <vector>

#include "kd/distill/distiller.hpp"
#include "kd/methods/hard_labels.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/methods/top_k.hpp"
#include "kd/nn/linear.hpp"
#include "kd/optim/sgd.hpp"
#include "kd/teachers/cached_features.hpp"
#include "kd/teachers/cached_teacher.hpp"
#include "kd/teachers/ensemble_teacher.hpp"
#include "kd/teachers/top_k_teacher.hpp"
#include "kd/train/evaluate.hpp"
#include "kd/train/fit.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

using Net = Sequential<Linear<5, 4>>;

Dataset make_data(Index samples) {
  return {random_matrix<float>(5, samples, 3), random_labels(samples, 4, 4), 4};
}

/// Twice the inputs, whatever is drawn.
void double_inputs(Eigen::Ref<Matrix<float>> inputs, Rng) { inputs *= 2; }

template <class TeacherT>
FitReport distil_augmented(const TeacherT& teacher, const Dataset& data) {
  Network<Net> student(Rng(7));
  Distiller distiller(teacher, student, SoftTargets{});
  return distiller.fit(data, Sgd{}, {.augment = double_inputs});
}

}  // namespace

TEST_CASE("tables of logits refuse augmented inputs unless told otherwise",
          "[teachers][sample_table]") {
  const Network<Net> network(Rng(1));
  const Dataset data = make_data(9);
  CachedTeacher cached(network, data);
  TopKTeacher top(network, data, 2);
  CHECK_THROWS_AS(distil_augmented(cached, data), ConfigError);
  CHECK_THROWS_WITH(distil_augmented(cached, data),
                    ContainsSubstring("CachedTeacher: FitOptions::augment") &&
                        ContainsSubstring("accept_augmented_inputs()"));
  CHECK_THROWS_WITH(distil_augmented(top, data),
                    ContainsSubstring("TopKTeacher: FitOptions::augment"));
  const EnsembleTeacher ensemble(MeanOfLogits{}, network, cached);
  CHECK_THROWS_WITH(distil_augmented(ensemble, data),
                    ContainsSubstring("CachedTeacher: FitOptions::augment"));

  CHECK_NOTHROW(distil_augmented(network, data));
  cached.accept_augmented_inputs();
  top.accept_augmented_inputs();
  CHECK_NOTHROW(distil_augmented(cached, data));
  CHECK_NOTHROW(distil_augmented(top, data));
  CHECK_NOTHROW(distil_augmented(ensemble, data));
}

TEST_CASE("teacher and student see the inputs as they were changed", "[teachers][sample_table]") {
  const Dataset data = make_data(9);
  const Dataset doubled(Matrix<float>(2 * data.inputs()), Labels(map(data.labels())), 4);
  const Network<Net> teacher(Rng(1));
  Network<Net> one(Rng(2));
  Network<Net> other(Rng(2));
  const FitOptions options{.epochs = 2, .batch_size = 4};
  FitOptions augmented = options;
  augmented.augment = double_inputs;
  Distiller(teacher, one, SoftTargets{}).fit(data, Sgd{}, augmented);
  Distiller(teacher, other, SoftTargets{}).fit(doubled, Sgd{}, options);
  CHECK(map(one.params()) == map(other.params()));

  // What the cache knows is what the teacher said of the inputs before.
  CachedTeacher cached(teacher, data);
  cached.accept_augmented_inputs();
  Distiller(cached, one, SoftTargets{}).fit(data, Sgd{}, augmented);
  Distiller(teacher, other, SoftTargets{}).fit(doubled, Sgd{}, options);
  CHECK(map(one.params()) != map(other.params()));
}

TEST_CASE("augmentation draws anew in every batch and the same in every run",
          "[teachers][sample_table]") {
  const Dataset data = make_data(9);
  const auto drawn = [&](std::uint64_t seed) {
    std::vector<float> numbers;
    Network<Net> network(Rng(1));
    fit(network, data, CrossEntropy{}, Sgd{},
        {.epochs = 2,
         .batch_size = 4,
         .seed = seed,
         .augment = [&](Eigen::Ref<Matrix<float>> inputs, Rng rng) {
           CHECK(inputs.rows() == 5);
           CHECK(inputs.cols() <= 4);
           numbers.push_back(rng.uniform());
         }});
    return numbers;
  };
  const std::vector<float> first = drawn(1);
  REQUIRE(first.size() == 6);
  CHECK(first == drawn(1));
  CHECK(first != drawn(2));
  for (std::size_t i = 1; i < first.size(); ++i) CHECK(first[i] != first[i - 1]);
}

TEST_CASE("networks in double cannot augment", "[teachers][sample_table]") {
  Network<Net, cpu::Space, double> network(Rng(1));
  CHECK_THROWS_AS(fit(network, make_data(9), CrossEntropy{}, Sgd{}, {.augment = double_inputs}),
                  ConfigError);
}

TEST_CASE("a table must know every sample", "[teachers][sample_table]") {
  const Network<Net> network(Rng(1));
  const CachedTeacher cached(network, make_data(9));
  Network<Net> student(Rng(2));
  Distiller distiller(cached, student, SoftTargets{});
  CHECK_THROWS_AS(distiller.fit(make_data(8), Sgd{}), ShapeError);
  CHECK_THROWS_WITH(distiller.fit(make_data(8), Sgd{}),
                    "CachedTeacher: knows a data set of 9 samples with 5 features, got one of 8 "
                    "with 5");

  auto room = cached.make_workspace(2);
  const Vector<Index> beyond{{3, 9}};
  const Batch<float> batch{MatrixView<const float>(nullptr, 5, 2), {}, view(beyond)};
  CHECK_THROWS_AS(cached.logits(batch, room), DataError);
  CHECK_THROWS_WITH(cached.logits(batch, room),
                    "CachedTeacher: holds the logits of samples 0 to 8, got index 9");
}

TEST_CASE("the table of a whole teaches its slices, that of a slice its parts",
          "[teachers][sample_table]") {
  const Network<Net> network(Rng(1));
  const Dataset whole = make_data(30);
  const Dataset again = make_data(30);  // as if read from the files once more
  const auto check = [&](const auto& of_whole, const auto& of_slice) {
    const auto logits = [&](const auto& table, const Dataset& data) {
      auto room = table.make_workspace(data.size());
      Loader<float> loader(data, data.size());
      return Matrix<float>(map(table.logits(loader.batch(0), room)));
    };
    const Matrix<float> all = logits(of_whole, whole);
    CHECK(logits(of_whole, whole.slice(10, 20)) == all.rightCols(20));
    CHECK(logits(of_slice, again.slice(10, 20)) == all.rightCols(20));
    CHECK(logits(of_slice, whole.slice(12, 5)) == all.middleCols(12, 5));

    const auto teach = [&](const auto& table, const Dataset& data) {
      Network<Net> student(Rng(2));
      Distiller(table, student, SoftTargets{}).fit(data, Sgd{}, {.batch_size = 4});
    };
    CHECK_NOTHROW(teach(of_whole, again));
    CHECK_NOTHROW(teach(of_whole, again.slice(3, 7)));
    CHECK_NOTHROW(teach(of_slice, again.slice(10, 20)));
    CHECK_NOTHROW(teach(of_slice, whole.slice(14, 2)));
    CHECK_THROWS_AS(teach(of_slice, whole.slice(0, 20)), ShapeError);
    CHECK_THROWS_WITH(teach(of_slice, whole.slice(0, 20)),
                      ContainsSubstring(": holds samples 10 to 29 of the data set, got its samples "
                                        "0 to 19"));
    CHECK_THROWS_AS(teach(of_slice, whole), ShapeError);
    CHECK_THROWS_AS(teach(of_slice, make_data(20)), ShapeError);
    CHECK_THROWS_AS(evaluate(of_slice, whole), ShapeError);
  };
  const Dataset slice = whole.slice(10, 20);
  check(CachedTeacher(network, whole), CachedTeacher(network, slice));
  check(TopKTeacher(network, whole, 4), TopKTeacher(network, slice, 4));
  check(CachedFeatures(network, whole, Layers<1>{}), CachedFeatures(network, slice, Layers<1>{}));
}

TEST_CASE("the method TopK finds the samples of a slice", "[teachers][sample_table]") {
  const Network<Net> network(Rng(1));
  const Dataset whole = make_data(30);
  const Dataset slice = whole.slice(10, 20);
  Network<Net> one(Rng(2));
  Network<Net> other = one;
  const TopKTeacher of_whole(network, whole, 2);
  const TopKTeacher of_slice(network, slice, 2);
  Distiller(of_whole, one, TopK{}).fit(slice, Sgd{}, {.batch_size = 4});
  Distiller(of_slice, other, TopK{}).fit(slice, Sgd{}, {.batch_size = 4});
  CHECK(map(one.params()) == map(other.params()));
}

TEST_CASE("a table teaches the subsets of its samples", "[teachers][sample_table]") {
  const Network<Net> network(Rng(1));
  const Dataset whole = make_data(30);
  const std::vector<Index> places{17, 3, 11, 24};
  const Dataset some = whole.subset(places);
  const Dataset copy = whole.select(places);
  Network<Net> live(Rng(2));
  Network<Net> told = live;
  const CachedTeacher table(network, whole);
  Distiller(network, live, SoftTargets{}).fit(copy, Sgd{}, {.epochs = 3, .batch_size = 3});
  Distiller(table, told, SoftTargets{}).fit(some, Sgd{}, {.epochs = 3, .batch_size = 3});
  CHECK(map(live.params()).isApprox(map(told.params()), 1e-5F));
  CHECK_FALSE(map(told.params()).isApprox(map(Network<Net>(Rng(2)).params()), 1e-3F));

  CHECK_THROWS_AS(table.check_data(copy), ShapeError);
  const CachedTeacher of_slice(network, whole.slice(3, 22));
  CHECK_NOTHROW(of_slice.check_data(some));
  CHECK_THROWS_WITH(
      CachedTeacher(network, whole.slice(4, 20)).check_data(some),
      "CachedTeacher: holds samples 4 to 23 of the data set, got its samples 3 to 24");
  CHECK_THROWS_WITH(CachedTeacher(network, some),
                    "CachedTeacher: expected a whole data set or a slice, got a subset: make it of "
                    "the whole, whose table teaches each subset");
}

TEST_CASE("a table refuses another data set of the same size", "[teachers][sample_table]") {
  const Network<Net> network(Rng(1));
  const Dataset data = make_data(9);
  const CachedTeacher cached(network, data);
  const Dataset other(random_matrix<float>(5, 9, 8), Labels(map(data.labels())), 4);
  const Dataset relabelled(data.inputs(), random_labels(9, 4, 9), 4);
  Network<Net> student(Rng(2));
  Distiller distiller(cached, student, SoftTargets{});
  CHECK_THROWS_AS(distiller.fit(other, Sgd{}), DataError);
  CHECK_THROWS_WITH(distiller.fit(other, Sgd{}),
                    ContainsSubstring("CachedTeacher: knows another data set of that size: "
                                      "expected inputs with the fingerprint "));
  CHECK_THROWS_WITH(distiller.fit(relabelled, Sgd{}),
                    ContainsSubstring("(the inputs are the same)"));
  CHECK_THROWS_AS(evaluate(cached, other), DataError);
  CHECK_THROWS_AS(CachedTeacher(cached, other), DataError);
}

TEST_CASE("logits from elsewhere are held to the size of the whole", "[teachers][sample_table]") {
  const Dataset whole = make_data(9);
  const Matrix<float> logits = random_matrix<float>(4, 9, 5);
  const CachedTeacher cached(logits);
  CHECK_NOTHROW(cached.check_data(whole));
  CHECK_NOTHROW(cached.check_data(whole.slice(3, 4)));
  CHECK_THROWS_WITH(cached.check_data(make_data(8)),
                    "CachedTeacher: holds the logits of 9 samples, got a data set of 8");
  CHECK_THROWS_WITH(cached.check_data(make_data(10).slice(0, 9)),
                    "CachedTeacher: holds the logits of 9 samples, got a data set of 10 of which "
                    "this is a slice");
}

TEST_CASE("a table takes the features that its teacher takes", "[teachers][sample_table]") {
  const Network<Net> network(Rng(1));
  const Dataset narrow(random_matrix<float>(3, 6, 1), random_labels(6, 4, 2), 4);
  CHECK_THROWS_WITH(TopKTeacher(network, narrow, 2),
                    "TopKTeacher: expected 5 features a sample, as the model takes, got 3");
}
