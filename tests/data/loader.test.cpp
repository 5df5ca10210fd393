// SPDX-License-Identifier: MIT
#include "kd/data/loader.hpp"

#include <vector>

#include "support/catch.hpp"

using namespace kd;

namespace {

/// Sample i is (i, 2 i) with label i mod 3.
Dataset counted(Index size) {
  Matrix<float> x(2, size);
  Labels y(size);
  for (Index i = 0; i < size; ++i) {
    x(0, i) = static_cast<float>(i);
    x(1, i) = static_cast<float>(2 * i);
    y(i) = static_cast<Label>(i % 3);
  }
  return Dataset(x, y, 3);
}

/// Goes through all batches, checks that inputs, labels and indices belong together, and returns
/// the indices in their order.
template <class S>
std::vector<Index> order_of(Loader<S>& loader) {
  std::vector<Index> order;
  for (Index i = 0; i < loader.batches(); ++i) {
    const Batch<S> batch = loader.batch(i);
    for (Index b = 0; b < batch.size(); ++b) {
      const Index sample = batch.indices.data[b];
      CHECK(map(batch.inputs)(0, b) == static_cast<S>(sample));
      CHECK(map(batch.inputs)(1, b) == static_cast<S>(2 * sample));
      CHECK(batch.labels.data[b] == sample % 3);
      order.push_back(sample);
    }
  }
  return order;
}

std::vector<Index> counting(Index size) {
  std::vector<Index> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), Index{0});
  return order;
}

}  // namespace

TEMPLATE_TEST_CASE("batches in the set's own order", "[data][loader]", float, double) {
  const Dataset data = counted(10);
  for (const Index batch : {1, 3, 5, 10, 100}) {
    Loader<TestType> loader(data, batch);
    INFO("batch " << batch);
    CHECK(loader.batches() == (10 + std::min<Index>(batch, 10) - 1) / std::min<Index>(batch, 10));
    CHECK(order_of(loader) == counting(10));
  }
  Loader<TestType> loader(data, 4);
  CHECK(loader.batch(2).size() == 2);  // what is left over
  CHECK(loader.batch(0).size() == 4);
}

TEST_CASE("a shuffled order has every sample once and depends on its seed alone",
          "[data][loader]") {
  const Dataset data = counted(50);
  Loader<float> loader(data, 8);
  loader.shuffle(Rng(1));
  const std::vector<Index> first = order_of(loader);
  CHECK(first != counting(50));
  CHECK(std::is_permutation(first.begin(), first.end(), counting(50).begin()));
  loader.shuffle(Rng(2));
  CHECK(order_of(loader) != first);
  loader.shuffle(Rng(1));
  CHECK(order_of(loader) == first);
  Loader<float> other(data, 50);
  other.shuffle(Rng(1));
  CHECK(order_of(other) == first);
}

TEST_CASE("every batch is augmented afresh, with random numbers of its own", "[data][loader]") {
  const Dataset data = counted(5);
  Loader<float> loader(data, 3);
  std::vector<std::uint32_t> drawn;
  loader.augment(
      [&](Eigen::Ref<Matrix<float>> inputs, Rng rng) {
        CHECK(inputs.rows() == 2);
        inputs.array() += 100;
        drawn.push_back(rng.next());
      },
      Rng(3));
  for (const Index i : {0, 0, 1}) {
    const Batch<float> batch = loader.batch(i);
    for (Index b = 0; b < batch.size(); ++b)
      CHECK(map(batch.inputs)(1, b) == static_cast<float>(2 * (3 * i + b) + 100));
  }
  CHECK(drawn == std::vector<std::uint32_t>{Rng(3).stream(0).next(), Rng(3).stream(1).next(),
                                            Rng(3).stream(2).next()});
  CHECK(data.inputs()(1, 4) == 8);
}

TEST_CASE("in two views a batch has each sample twice, with all that is known of it",
          "[data][loader]") {
  const Dataset all = counted(9)
                          .with_targets(Vector<float>::LinSpaced(9, 0, 8))
                          .with_weights(Vector<float>::LinSpaced(9, 1, 9));
  const Dataset data = all.slice(2, 7);
  std::vector<std::uint32_t> drawn;
  const auto add = [&](float number) {
    return [&drawn, number](Eigen::Ref<Matrix<float>> inputs, Rng rng) {
      inputs.array() += number;
      drawn.push_back(rng.next());
    };
  };
  Loader<float> loader(data, 4);
  loader.shuffle(Rng(5));
  const Batch<float> once = loader.batch(0);
  CHECK(once.views == 1);
  CHECK(once.samples() == 4);
  const Vector<Index> first = map(once.indices);
  const Vector<float> weights = map(once.weights);

  loader.augment(add(100), Rng(3), 6);
  loader.second_view(add(1000), Rng(4), 6);
  CHECK(loader.batches() == 2);
  for (const Index i : {0, 1}) {
    const Batch<float> batch = loader.batch(i);
    const Index samples = i == 0 ? 4 : 3;
    CHECK(batch.views == 2);
    CHECK(batch.samples() == samples);
    REQUIRE(batch.size() == 2 * samples);
    for (Index b = 0; b < batch.size(); ++b) {
      const Index sample = batch.indices.data[b];
      CHECK(sample == batch.indices.data[b % samples]);
      CHECK(map(batch.inputs)(1, b) == static_cast<float>(2 * sample + (b < samples ? 100 : 1000)));
      CHECK(batch.labels.data[b] == sample % 3);
      CHECK(map(batch.targets)(0, b) == static_cast<float>(sample));
      CHECK(batch.weights.data[b] == batch.weights.data[b % samples]);
    }
    CHECK(map(batch.weights).mean() == Approx(1));
    if (i == 1) continue;
    CHECK(map(batch.indices).head(4) == first);
    CHECK(map(batch.weights).tail(4).isApprox(weights));
  }
  CHECK(drawn == std::vector<std::uint32_t>{Rng(3).stream(6).next(), Rng(4).stream(6).next(),
                                            Rng(3).stream(7).next(), Rng(4).stream(7).next()});

  Loader<float> alone(data, 4);
  alone.second_view(add(1), Rng(0));
  CHECK(map(alone.batch(1).inputs).row(0) == Eigen::RowVector<float, 6>(6, 7, 8, 7, 8, 9));
}

TEST_CASE("a loader refuses a batch of nothing", "[data][loader]") {
  const Dataset data = counted(3);
  CHECK_THROWS_WITH((Loader<float>(data, 0)), "Loader: batch_size must be at least 1, got 0");
  CHECK_THROWS_AS((Loader<float>(data, -1)), ConfigError);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Loader<float>, Dataset&&, Index>);
}

TEST_CASE("a loader has its batches and no others, and stays where it is", "[data][loader]") {
  const Dataset data = counted(5);
  Loader<float> loader(data, 2);
  CHECK(loader.batch(2).size() == 1);
  CHECK_THROWS_WITH(loader.batch(3), "Loader: expected a batch from 0 to 2, got 3");
  CHECK_THROWS_AS(loader.batch(-1), ShapeError);
  STATIC_REQUIRE_FALSE(std::is_move_constructible_v<Loader<float>>);
}
