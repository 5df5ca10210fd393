// SPDX-License-Identifier: MIT
#include "kd/data/identity.hpp"

#include <thread>
#include <vector>

#include "kd/data/dataset.hpp"
#include "kd/data/loader.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

Dataset make_data(std::uint64_t seed = 1, Index samples = 20) {
  return {random_matrix<float>(3, samples, seed), random_labels(samples, 4, 2), 4};
}

Matrix<std::uint8_t> make_bytes() {
  return ((random_matrix<float>(3, 20, 1).array() + 1) * 100).matrix().cast<std::uint8_t>();
}

}  // namespace

TEST_CASE("a slice keeps its place in the whole", "[data][identity]") {
  const Dataset whole = make_data();
  CHECK(whole.first() == 0);
  CHECK(whole.whole_size() == 20);
  const Dataset part = whole.slice(5, 10).slice(2, 4);
  CHECK(part.first() == 7);
  CHECK(part.size() == 4);
  CHECK(part.whole_size() == 20);
}

TEST_CASE("data sets are the same when their content is", "[data][identity]") {
  const DatasetIdentity identity = make_data().identity();
  CHECK(identity.samples == 20);
  CHECK(identity.features == 3);
  CHECK(identity.inputs != 0);
  CHECK(identity.labels != 0);
  CHECK(make_data().identity() == identity);
  CHECK(make_data().slice(3, 9).identity() == identity);
  const Matrix<float> inputs = random_matrix<float>(3, 20, 1);
  const Labels labels = random_labels(20, 4, 2);
  CHECK(Dataset::of_views(view(inputs), view(labels)).identity() == identity);
  CHECK(Dataset::of_views(view(inputs), view(labels)).slice(19, 1).identity() == identity);

  CHECK_FALSE(make_data(2).identity() == identity);
  CHECK_FALSE(make_data(1, 19).identity() == identity);
  Labels other = labels;
  other(11) = (other(11) + 1) % 4;
  CHECK_FALSE(Dataset(inputs, other).identity() == identity);
  CHECK(Dataset(inputs, other).identity().inputs == identity.inputs);
  // The same bytes in another shape.
  const Matrix<float> flat = inputs.reshaped(6, 10);
  CHECK_FALSE(Dataset(flat, labels.head(10).eval()).identity() == identity);

  const Dataset bytes(make_bytes(), labels);
  CHECK(bytes.identity() == Dataset(make_bytes(), labels).identity());
  CHECK_FALSE(bytes.identity() == Dataset(bytes.inputs(), labels).identity());
}

TEST_CASE("threads that ask at once get the same identity", "[data][identity]") {
  const Dataset data = make_data(1, 5000);
  std::array<DatasetIdentity, 4> got;
  std::vector<std::thread> threads;
  for (DatasetIdentity& each : got)
    threads.emplace_back([&each, part = data.slice(7, 3)] { each = part.identity(); });
  for (std::thread& thread : threads) thread.join();
  for (const DatasetIdentity& each : got) CHECK(each == data.identity());
}

TEST_CASE("batches of a slice name samples by their place in the whole", "[data][identity]") {
  const Labels labels = random_labels(20, 4, 2);
  const Matrix<float> floats = random_matrix<float>(3, 20, 1);
  for (const Dataset& whole : {Dataset(floats, labels), Dataset(make_bytes(), labels)}) {
    const Dataset part = whole.slice(6, 9);
    Loader<float> loader(part, 4);
    for (const bool shuffled : {false, true}) {
      if (shuffled) loader.shuffle(Rng(1));
      Vector<Index> seen = Vector<Index>::Zero(20);
      for (Index i = 0; i < loader.batches(); ++i) {
        const Batch<float> batch = loader.batch(i);
        for (Index b = 0; b < batch.size(); ++b) {
          const Index at = batch.indices.data[b];
          REQUIRE((at >= 6 && at < 15));
          ++seen(at);
          CHECK(map(batch.inputs).col(b) == whole.inputs().col(at));
          CHECK(batch.labels.data[b] == labels(at));
        }
      }
      CHECK(seen.segment(6, 9) == Vector<Index>::Ones(9));
    }
  }
}

TEST_CASE("a subset keeps the places of its samples in the whole", "[data][identity]") {
  const Dataset whole = make_data();
  const std::vector<Index> first{9, 4, 15, 4};
  const Dataset some = whole.slice(3, 17).subset(first);  // samples 12, 7, 18, 7 of the whole
  CHECK(some.is_subset());
  CHECK_FALSE(whole.slice(3, 5).is_subset());
  CHECK(some.size() == 4);
  CHECK(some.first() == 12);
  CHECK(some.place(2) == 18);
  CHECK(some.whole_size() == 20);
  CHECK(some.identity() == make_data().identity());
  CHECK(some.inputs().col(2) == whole.inputs().col(18));
  CHECK(some.labels().data[1] == whole.labels().data[7]);

  const std::vector<Index> second{1, 0};
  const Dataset less = some.slice(1, 3).subset(second);  // 18, 7
  CHECK(some.slice(1, 3).first() == 7);
  CHECK(less.place(0) == 18);
  CHECK(less.place(1) == 7);
  CHECK(less.inputs().col(0) == whole.inputs().col(18));
  CHECK(less.identity() == whole.identity());
  CHECK_FALSE(less.select(second).is_subset());
  CHECK(less.select(second).whole_size() == 2);

  CHECK_THROWS_WITH(whole.subset(std::vector<Index>{}),
                    "Dataset::subset: expected at least one sample, got none");
  CHECK_THROWS_WITH(some.subset(std::vector<Index>{4}),
                    "Dataset::subset: expected samples within 0 to 3, got 4");
  CHECK_THROWS_WITH(some.with_weights(std::vector<double>(4, 1)),
                    "Dataset::with_weights: this is a subset: say it of the whole data set and "
                    "take the subset of that, or select()");
}

TEST_CASE("batches of a subset name samples by their place in the whole", "[data][identity]") {
  const Dataset whole = make_data()
                            .with_targets(random_matrix<float>(2, 20, 5))
                            .with_weights((random_matrix<float>(1, 20, 6).array() + 2).eval());
  const std::vector<Index> places{19, 2, 11, 5, 7};
  const Dataset some = whole.subset(places);
  Loader<float> loader(some, 2);
  Index at = 0;
  for (Index i = 0; i < loader.batches(); ++i) {
    const Batch<float> batch = loader.batch(i);
    for (Index b = 0; b < batch.size(); ++b, ++at) {
      const Index place = places[static_cast<std::size_t>(at)];
      CHECK(batch.indices.data[b] == place);
      CHECK(map(batch.inputs).col(b) == whole.inputs().col(place));
      CHECK(batch.labels.data[b] == whole.labels().data[place]);
      CHECK(map(batch.targets).col(b) == map(whole.targets()).col(place));
    }
    CHECK(map(batch.weights).mean() == Approx(1));
  }
  CHECK(at == 5);
}

TEST_CASE("what is remembered of one data set is not used for another", "[data][identity]") {
  const DatasetIdentity known{20, 3, 0xa1, 0xb2};
  CHECK_NOTHROW(detail::check_same_data("Table", known, known));
  const auto refuses = [&](DatasetIdentity got, const char* message) {
    CHECK_THROWS_WITH(detail::check_same_data("Table", known, got), message);
  };
  refuses({19, 3, 0xa1, 0xb2},
          "Table: knows a data set of 20 samples with 3 features, got one of 19 with 3");
  refuses({20, 3, 0xa2, 0xb2},
          "Table: knows another data set of that size: expected inputs with the fingerprint a1, "
          "got a2");
  refuses({20, 3, 0xa1, 0xb3},
          "Table: knows another data set of that size: expected labels with the fingerprint b2, "
          "got b3 (the inputs are the same)");
}
