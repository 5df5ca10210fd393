// SPDX-License-Identifier: MIT
//
// What a data set may know about its samples beside inputs, or not know.
#include "kd/data/annotations.hpp"

#include <limits>
#include <vector>

#include "kd/data/loader.hpp"
#include "support/catch.hpp"

using namespace kd;

namespace {

using RowVector = Eigen::Matrix<float, 1, Eigen::Dynamic>;

constexpr float infinite = std::numeric_limits<float>::infinity();

/// Sample i is (i, 2 i).
Matrix<float> counting(Index size) {
  Matrix<float> x(2, size);
  for (Index i = 0; i < size; ++i) x.col(i) << static_cast<float>(i), static_cast<float>(2 * i);
  return x;
}

/// Knows everything: of sample i the label i mod 3, where 2 stands for none, the targets 3 i, 4 i
/// and 5 i and the weight i + 1.
Dataset all_known(Index size = 10) {
  Labels labels(size);
  Matrix<double> targets(3, size);
  std::vector<int> weights;
  for (Index i = 0; i < size; ++i) {
    const auto number = static_cast<double>(i);
    labels(i) = static_cast<Label>(i % 3);
    targets.col(i) << 3 * number, 4 * number, 5 * number;
    weights.push_back(static_cast<int>(i) + 1);
  }
  return Dataset(counting(size))
      .with_labels(labels, {.classes = 4, .ignore = 2})
      .with_targets(targets)
      .with_weights(weights);
}

/// Checks that inputs, labels, targets and weights of all batches belong together.
template <class S>
void check_batches(const Dataset& data, Index batch_size, bool shuffled) {
  Loader<S> loader(data, batch_size);
  if (shuffled) loader.shuffle(Rng(3));
  for (Index i = 0; i < loader.batches(); ++i) {
    const Batch<S> batch = loader.batch(i);
    REQUIRE(batch.targets.rows == 3);
    REQUIRE(batch.targets.cols == batch.size());
    REQUIRE(batch.weights.size == batch.size());
    S sum = 0;
    for (Index b = 0; b < batch.size(); ++b)
      if (const Index at = batch.indices.data[b]; at % 3 != 2) sum += static_cast<S>(at + 1);
    for (Index b = 0; b < batch.size(); ++b) {
      const Index at = batch.indices.data[b];
      CHECK(map(batch.inputs)(0, b) == static_cast<S>(at));
      CHECK(map(batch.targets)(0, b) == static_cast<S>(3 * at));
      CHECK(map(batch.targets)(2, b) == static_cast<S>(5 * at));
      CHECK(batch.labels.data[b] == (at % 3 == 2 ? 0 : at % 3));
      const S weight = at % 3 == 2 ? S(0) : static_cast<S>(at + 1);
      const S mean = sum / static_cast<S>(batch.size());
      CHECK(batch.weights.data[b] == Approx(weight == 0 ? S(0) : weight / mean).epsilon(1e-6));
    }
  }
}

}  // namespace

TEST_CASE("a data set may know nothing but inputs", "[data][annotations]") {
  const Dataset data(counting(7));
  CHECK(data.size() == 7);
  CHECK(data.features() == 2);
  CHECK(data.classes() == 0);
  CHECK_FALSE(data.has_labels());
  CHECK_FALSE(data.has_targets());
  CHECK(data.weights().empty());
  CHECK(data.slice(2, 3).size() == 3);
  CHECK(data.identity().labels == 0);
  Loader<float> loader(data, 3);
  const Batch<float> batch = loader.batch(2);
  CHECK(batch.size() == 1);
  CHECK(batch.labels.empty());
  CHECK(batch.targets.empty());
  CHECK(batch.weights.empty());
  CHECK(Dataset(Bytes(Bytes::Constant(2, 3, 255))).inputs() == Matrix<float>::Ones(2, 3));
  CHECK(Dataset(counting(3).cast<double>()).inputs() == counting(3));
  CHECK(Dataset(counting(3) * 2).inputs() == 2 * counting(3));
  const Matrix<float> x = counting(4);
  CHECK(Dataset::of_views(view(x)).size() == 4);
  CHECK_THROWS_AS(Dataset(Matrix<float>(2, 0)), DataError);
  CHECK_THROWS_AS(Dataset(Matrix<float>(Matrix<float>::Constant(2, 2, infinite))), DataError);
}

TEMPLATE_TEST_CASE("batches have what is known of their samples", "[data][annotations]", float,
                   double) {
  const Dataset data = all_known();
  for (const Index batch : {1, 4, 10})
    for (const bool shuffled : {false, true}) {
      check_batches<TestType>(data, batch, shuffled);
      check_batches<TestType>(data.slice(3, 5), batch, shuffled);
    }
}

TEST_CASE("targets are numbers of any type", "[data][annotations]") {
  const Dataset data(counting(3));
  CHECK(map(data.with_targets(std::vector<int>{4, 5, 6}).targets()) == RowVector{{4, 5, 6}});
  CHECK(map(data.with_targets(Vector<double>{{4, 5, 6}}).targets()) == RowVector{{4, 5, 6}});
  CHECK(map(data.with_targets(RowVector{{4, 5, 6}} * 2).targets()) == RowVector{{8, 10, 12}});
  const Matrix<double> two{{1, 2, 3}, {4, 5, 6}};
  const Dataset more = data.with_targets(two);
  CHECK(more.targets().rows == 2);
  CHECK(map(more.targets()) == two.cast<float>());
  CHECK_FALSE(data.has_targets());  // it never changes
  CHECK(more.slice(1, 2).targets().data == more.targets().data + 2);
  CHECK_THROWS_AS(data.with_targets(two.leftCols(2)), ShapeError);
  CHECK_THROWS_WITH(data.with_targets(Matrix<float>::Zero(3, 5)),
                    "Dataset: expected as many targets as samples, got 5 targets for 3 samples; "
                    "are the targets (samples, outputs)? transpose them");
  CHECK_THROWS_AS(data.with_targets(Matrix<float>(0, 3)), ShapeError);
  CHECK_THROWS_AS(data.with_targets(two * 1e300), DataError);
  CHECK_THROWS_WITH(data.with_targets(std::vector<float>{1, 2, infinite}),
                    "Dataset: expected targets that are finite as floats, got inf at sample 2, row "
                    "0");
  CHECK_THROWS_AS(more.slice(0, 2).with_targets(two), ConfigError);
}

TEST_CASE("one label may stand for no class", "[data][annotations]") {
  const Dataset inputs(counting(4));
  const std::vector<std::int64_t> labels{0, -100, 2, -100};
  const Dataset data = inputs.with_labels(labels, {.ignore = -100});
  CHECK(data.classes() == 3);
  CHECK(data.ignored_samples() == 2);
  CHECK(data.slice(2, 1).ignored_samples() == 0);
  CHECK(data.labels().data[1] == -100);
  CHECK(data.labels_to_gather().data[1] == 0);
  CHECK(map(data.weights()) == Vector<float>{{1, 0, 1, 0}});
  CHECK(inputs.with_labels(labels, {.classes = 9, .ignore = -100}).classes() == 9);
  CHECK_THROWS_AS(inputs.with_labels(labels, {.classes = 2, .ignore = -100}), DataError);
  CHECK_THROWS_WITH(inputs.with_labels(labels),
                    ContainsSubstring("a sample without a class must be left out, or ignored"));
  CHECK_THROWS_WITH(inputs.with_labels(Labels::Constant(4, -1), {.ignore = -1}),
                    ContainsSubstring("are all labels ignored?"));
  CHECK_THROWS_AS(data.with_labels(labels, {.ignore = -100}), ConfigError);
  CHECK_THROWS_AS(inputs.slice(0, 2).with_labels(Labels::Zero(2)), ConfigError);
  // Where no sample has it, all count, and nothing has to be weighed.
  const Dataset all = inputs.with_labels(Labels::Zero(4), {.ignore = -1});
  CHECK(all.weights().empty());
  CHECK_FALSE(all.ignored_label().has_value());
}

TEST_CASE("what samples count is checked and multiplied", "[data][annotations]") {
  const Dataset data(counting(4), std::vector<short>{0, 1, 1, 2});
  const Dataset classes = data.with_class_weights(std::vector<double>{0.5, 2, 4});
  CHECK(map(classes.weights()) == Vector<float>{{0.5F, 2, 2, 4}});
  CHECK(map(classes.with_weights(Vector<int>{{1, 0, 3, 1}}).weights()) ==
        Vector<float>{{0.5F, 0, 6, 4}});
  CHECK_THROWS_WITH(data.with_weights(std::vector<float>{1, 1}),
                    "Dataset: expected as many weights as samples, got 2 weights for 4 samples; "
                    "are the inputs (samples, features)? transpose them");
  CHECK_THROWS_AS(data.with_weights(Matrix<float>::Ones(2, 2)), ShapeError);
  CHECK_THROWS_WITH(data.with_weights(std::vector<float>{1, -1, 1, 1}),
                    "Dataset: expected weights of 0 or between 1e-18 and 1e18, got -1 for sample "
                    "1");
  CHECK_THROWS_AS(data.with_weights(std::vector<float>{1, 1e-30F, 1, 1}), DataError);
  CHECK_THROWS_AS(data.with_weights(std::vector<float>{1, infinite, 1, 1}), DataError);
  CHECK_THROWS_AS(data.with_weights(std::vector<float>{0, 0, 0, 0}), DataError);
  CHECK_THROWS_WITH(data.with_class_weights(std::vector<float>{1, 1}),
                    "Dataset::with_class_weights: expected 3 weights, one for each class, got 2");
  CHECK_THROWS_AS(Dataset(counting(4)).with_class_weights(std::vector<float>{1}), DataError);
}

TEST_CASE("some samples of a data set are one of their own", "[data][annotations]") {
  const Dataset data = all_known();
  const std::vector<Index> places{7, 2, 2};
  const Dataset some = data.slice(1, 9).select(places);  // 8, 3, 3
  CHECK(some.size() == 3);
  CHECK(some.first() == 0);
  CHECK(some.whole_size() == 3);
  CHECK(some.classes() == 4);
  CHECK(some.inputs().row(0) == RowVector{{8, 3, 3}});
  CHECK(map(some.labels()) == Labels{{2, 0, 0}});
  CHECK(map(some.labels_to_gather()) == Labels{{0, 0, 0}});
  CHECK(map(some.targets()).row(1) == RowVector{{32, 12, 12}});
  CHECK(map(some.weights()) == Vector<float>{{0, 4, 4}});
  CHECK(some.identity().samples == 3);
  const std::vector<Index> beyond{9};
  CHECK_THROWS_WITH(data.slice(1, 9).select(beyond),
                    "Dataset::select: expected samples within 0 to 8, got 9");
  CHECK_THROWS_AS(data.select({}), ShapeError);
  const Bytes bytes = Bytes::Identity(3, 10);
  CHECK(Dataset(bytes).select(places).inputs().cols() == 3);
}

TEST_CASE("a data set is also told by its targets, and by what samples count",
          "[data][annotations]") {
  const Dataset bare(counting(6));
  const Dataset aimed = bare.with_targets(counting(6));
  const DatasetIdentity identity = aimed.identity();
  CHECK(identity.inputs == bare.identity().inputs);
  CHECK(identity.targets != 0);
  CHECK(identity.labels == 0);
  CHECK_FALSE(identity == bare.identity());
  CHECK(identity == bare.with_targets(counting(6).cast<double>()).identity());
  CHECK(identity == aimed.slice(2, 3).identity());
  CHECK_FALSE(identity == bare.with_targets(counting(6) * 2).identity());
  CHECK_THROWS_WITH(detail::check_same_data("Table", identity, bare.identity()),
                    StartsWith("Table: knows another data set of that size: expected targets with "
                               "the fingerprint ") &&
                        EndsWith(", got none (the inputs are the same)"));
  CHECK_THROWS_WITH(detail::check_same_data("Table", bare.identity(), identity),
                    ContainsSubstring("expected targets with none, got "));
  const Dataset weighed = aimed.with_weights(std::vector<int>{1, 2, 3, 4, 5, 6});
  CHECK_FALSE(weighed.identity() == identity);
  CHECK(weighed.slice(2, 3).identity() == weighed.identity());
  CHECK_NOTHROW(detail::check_same_data("Table", identity, weighed.identity()));
}
