// SPDX-License-Identifier: MIT
#include "kd/data/split.hpp"

#include <vector>

#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

/// Sample i is (i).
Dataset counting(Index size) {
  return Dataset(
      Matrix<float>(Eigen::RowVectorXf::LinSpaced(size, 0, static_cast<float>(size - 1))));
}

/// How many samples of each class there are.
std::vector<Index> counts(const Dataset& data) {
  std::vector<Index> of_class(static_cast<std::size_t>(data.classes()));
  for (Index i = 0; i < data.size(); ++i)
    if (const Label label = data.labels().data[i]; label != data.ignored_label())
      ++of_class[static_cast<std::size_t>(label)];
  return of_class;
}

}  // namespace

TEST_CASE("both parts of a split together are the whole", "[data][split]") {
  const Dataset data = counting(50).with_labels(random_labels(50, 4, 1));
  for (const double share : {0.02, 0.2, 0.5, 0.98}) {
    const SplitPlaces places = split_places(data, share, 7);
    std::vector<Index> all = places.train;
    all.insert(all.end(), places.test.begin(), places.test.end());
    std::sort(all.begin(), all.end());
    REQUIRE(all.size() == 50);
    for (std::size_t i = 0; i < 50; ++i) CHECK(all[i] == static_cast<Index>(i));
    CHECK(places.test.size() == static_cast<std::size_t>(share * 50 + 0.5));

    const auto [train, test] = split(data, share, 7);
    REQUIRE(test.size() == static_cast<Index>(places.test.size()));
    REQUIRE(train.size() == static_cast<Index>(places.train.size()));
    CHECK(train.classes() == data.classes());
    for (Index i = 0; i < test.size(); ++i) {
      const Index place = places.test[static_cast<std::size_t>(i)];
      CHECK(test.inputs()(0, i) == static_cast<float>(place));
      CHECK(test.labels().data[i] == data.labels().data[place]);
    }
  }
}

TEST_CASE("every class keeps its share to within one sample", "[data][split]") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Labels labels = random_labels(203, 7, seed);
    for (Index i = 0; i < 30; ++i) labels(i) = 2;  // one class is larger
    for (Index i = 30; i < 41; ++i) labels(i) = -1;
    const Dataset data = counting(203).with_labels(labels, {.classes = 9, .ignore = -1});
    const double share = 0.05 + 0.045 * static_cast<double>(seed);
    const auto [train, test] = split(data, share, seed);
    CHECK(train.size() + test.size() == 203);
    CHECK(std::abs(static_cast<double>(test.size()) - 203 * share) < 0.5 + 1e-6);
    const auto whole = counts(data);
    const auto part = counts(test);
    for (std::size_t c = 0; c < whole.size(); ++c)
      CHECK(std::abs(static_cast<double>(part[c]) - share * static_cast<double>(whole[c])) <
            1 + 1e-6);
    CHECK(std::abs(static_cast<double>(test.ignored_samples()) - share * 11) < 1);
  }
}

TEST_CASE("a seed gives one order, on every machine", "[data][split]") {
  const Dataset data = counting(10);
  const SplitPlaces places = split_places(data, 0.3, 42);
  CHECK(places.test == std::vector<Index>{3, 2, 4});
  CHECK(places.train == std::vector<Index>{0, 7, 1, 5, 9, 8, 6});
  CHECK(split_places(data, 0.3, 42).test == places.test);
  CHECK(split_places(data, 0.3, 43).train != places.train);
}

TEST_CASE("targets and weights go with their samples", "[data][split]") {
  const Dataset data = counting(20)
                           .with_targets(Matrix<float>(counting(20).inputs() * 3))
                           .with_weights(Vector<float>::LinSpaced(20, 1, 20));
  const auto [train, test] = split(data, 0.25, 1);
  CHECK(test.size() == 5);
  for (const Dataset& part : {train, test}) {
    CHECK(map(part.targets()) == 3 * part.inputs());
    CHECK(map(part.weights()).transpose() == (part.inputs().array() + 1).matrix());
  }
}

TEST_CASE("a share that leaves a part empty is refused", "[data][split]") {
  const Dataset data = counting(10);
  for (const double share : {0., 1., -0.1, 1.5, std::nan("")})
    CHECK_THROWS_AS(split(data, share, 0), ConfigError);
  CHECK_THROWS_WITH(split(data, 2, 0), "split: share must be above 0 and below 1, got 2");
  CHECK_THROWS_WITH(split(data, 0.01, 0),
                    "split: a share of 0.01 of 10 samples leaves one part empty");
  CHECK_THROWS_AS(split(data, 0.99, 0), ConfigError);
}
