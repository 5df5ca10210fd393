// SPDX-License-Identifier: MIT
#include "kd/data/classes.hpp"

#include <set>

#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

/// 30 samples of classes 0 to 4, in turn; `ignore`: class 4 stands for none.
Dataset make_data(bool ignore = false) {
  Labels labels(30);
  for (Index i = 0; i < 30; ++i) labels(i) = static_cast<Label>(i % 5 == 4 && ignore ? -1 : i % 5);
  const Dataset bare(test::random_matrix<float>(3, 30, 1));
  return ignore ? bare.with_labels(labels, {.classes = 5, .ignore = -1})
                : bare.with_labels(labels, {.classes = 5});
}

/// How many samples there are of each class, 0 to 4, and that each lies where it says.
std::vector<Index> counts(const Dataset& data, const Dataset& whole) {
  std::vector<Index> all(5);
  for (Index i = 0; i < data.size(); ++i) {
    CHECK(data.labels().data[i] == whole.labels().data[data.place(i)]);
    if (i > 0) CHECK(data.place(i) > data.place(i - 1));
    if (data.labels().data[i] >= 0) ++all[static_cast<std::size_t>(data.labels().data[i])];
  }
  CHECK(data.classes() == 5);
  CHECK(data.whole_size() == 30);
  CHECK(data.identity() == whole.identity());
  return all;
}

using Counts = std::vector<Index>;

}  // namespace

TEST_CASE("classes are picked and left out", "[data][classes]") {
  const Dataset data = make_data();
  CHECK(counts(only_classes(data, {1, 3}), data) == Counts{0, 6, 0, 6, 0});
  CHECK(counts(without_classes(data, {3}), data) == Counts{6, 6, 6, 0, 6});
  CHECK(counts(without_classes(data.slice(3, 10), {3, 4}), data) == Counts{2, 2, 2, 0, 0});
  CHECK(only_classes(data, {1}).inputs().col(2) == data.inputs().col(11));

  const Dataset ignoring = make_data(true);
  CHECK(only_classes(ignoring, {1, 3}).size() == 12);
  CHECK(without_classes(ignoring, {1, 3}).size() == 18);
  CHECK(without_classes(ignoring, {1, 3}).ignored_samples() == 6);
}

TEST_CASE("a share of the samples, or of each class, is drawn by seed", "[data][classes]") {
  const Dataset data = make_data();
  CHECK(counts(subsample(data, 0.5, 1), data) == Counts{3, 3, 3, 3, 3});
  CHECK(counts(subsample(data, {1, 0, 0.5, 0.1, 0.25}, 1), data) == Counts{6, 0, 3, 1, 2});
  const auto places = [&](std::uint64_t seed) {
    const Dataset some = subsample(data, {0.5, 0.5, 0.5, 0.5, 0.5}, seed);
    std::set<Index> all;
    for (Index i = 0; i < some.size(); ++i) all.insert(some.place(i));
    CHECK(all.size() == 15);
    return all;
  };
  CHECK(places(1) == places(1));
  CHECK(places(1) != places(2));
  const Dataset ignoring = make_data(true);
  CHECK(subsample(ignoring, {0.5, 0, 0, 0, 0}, 1).size() == 3 + 6);
}

TEST_CASE("what leaves no sample, or is no class, is refused", "[data][classes]") {
  const Dataset data = make_data();
  CHECK_THROWS_WITH(only_classes(data, {5}), "only_classes: expected classes 0 to 4, got 5");
  CHECK_THROWS_WITH(without_classes(data, {-1}),
                    "without_classes: expected classes 0 to 4, got -1");
  CHECK_THROWS_WITH(only_classes(data.slice(0, 2), {3}), "only_classes: no sample is left");
  CHECK_THROWS_WITH(without_classes(data, {0, 1, 2, 3, 4}), "without_classes: no sample is left");
  CHECK_THROWS_WITH(only_classes(Dataset(data.inputs()), {1}),
                    "only_classes: needs labels, and the data set has none");
  CHECK_THROWS_WITH(subsample(data, {1, 1}, 1),
                    "subsample: expected 5 shares, one for each class, got 2");
  CHECK_THROWS_WITH(subsample(data, {1, 1, 1.5, 1, 1}, 1),
                    "subsample: shares must be from 0 to 1, got 1.5 for class 2");
  CHECK_THROWS_WITH(subsample(data, {0, 0, 0, 0, 0}, 1), "subsample: no sample is left");
  CHECK_THROWS_AS(subsample(data, 1.0, 1), ConfigError);
}
