// SPDX-License-Identifier: MIT
#include "kd/core/labels.hpp"

#include <limits>
#include <vector>

#include "support/catch.hpp"

namespace {

void check(const std::vector<kd::Label>& labels, kd::Index classes) {
  kd::detail::check_labels({labels.data(), static_cast<kd::Index>(labels.size())}, classes);
}

kd::Index count(const std::vector<kd::Label>& labels) {
  return kd::detail::count_classes({labels.data(), static_cast<kd::Index>(labels.size())});
}

}  // namespace

TEST_CASE("labels in range pass", "[core][labels]") {
  CHECK_NOTHROW(check({0, 9, 5}, 10));
  CHECK_NOTHROW(check({}, 10));
  CHECK_NOTHROW(check({1, 2}, 3));
}

TEST_CASE("the first label out of range is named", "[core][labels]") {
  CHECK_THROWS_AS(check({0, 10}, 10), kd::DataError);
  CHECK_THROWS_WITH(check({0, 1, 12, 11}, 10), "label of sample 2: expected 0 to 9, got 12");
}

TEST_CASE("a negative label is called one", "[core][labels]") {
  CHECK_THROWS_WITH(check({0, 1, -1, 5}, 10),
                    "label of sample 2: expected 0 to 9, got -1 (negative label: a sample without "
                    "a class must be left out, or ignored: Dataset::with_labels)");
  CHECK_THROWS_WITH(check({std::numeric_limits<kd::Label>::min()}, 10),
                    ContainsSubstring("got -2147483648 (negative label"));
}

TEST_CASE("a label that stands for no class is passed over", "[core][labels]") {
  const std::vector<kd::Label> labels{-100, 1, 2, -100};
  const kd::VectorView<const kd::Label> all(labels.data(), 4);
  CHECK(kd::detail::count_classes(all, -100) == 3);
  CHECK_NOTHROW(kd::detail::check_labels(all, 3, -100));
  CHECK_THROWS_WITH(kd::detail::check_labels(all, 2, -100),
                    "label of sample 2: expected 0 to 1, got 2 (the labels run from 1 to 2: they "
                    "look 1-based; subtract 1)");
  CHECK_THROWS_WITH(kd::detail::check_labels(all, 3, -1),
                    ContainsSubstring("label of sample 0: expected 0 to 2, got -100"));
}

TEST_CASE("labels from 1 to the number of classes get a hint", "[core][labels]") {
  CHECK_THROWS_WITH(check({3, 1, 10, 2}, 10),
                    "label of sample 2: expected 0 to 9, got 10 (the labels run from 1 to 10: they "
                    "look 1-based; subtract 1)");
  CHECK_THROWS_WITH(check({0, 10}, 10), "label of sample 1: expected 0 to 9, got 10");
  CHECK_THROWS_WITH(check({1, 11}, 10), "label of sample 1: expected 0 to 9, got 11");
}

TEST_CASE("labels that are counted from another number", "[core][labels]") {
  const std::vector<kd::Label> labels{1, 26, 27};
  const kd::VectorView<const kd::Label> all(labels.data(), 3);
  CHECK_FALSE(kd::detail::find_label_fault(all.slice(0, 2), 26, 1));
  CHECK(kd::detail::find_label_fault(all, 26, 1)->message ==
        "label of sample 2: expected 1 to 26, got 27");
  CHECK(kd::detail::find_label_fault(all, 27, 2)->sample == 0);
}

TEST_CASE("classes are counted by the largest label", "[core][labels]") {
  constexpr kd::Label most = std::numeric_limits<kd::Label>::max();
  CHECK(count({0, 4, 2}) == 5);
  CHECK(count({most - 1}) == most);
  CHECK_THROWS_AS(count({-1, -1}), kd::DataError);
  CHECK_THROWS_WITH(
      count({-1, -1}),
      "label of sample 0: expected a class, counted from 0, got -1 (negative label: a "
      "sample without a class must be left out, or ignored: Dataset::with_labels)");
  CHECK_THROWS_WITH(count({0, std::numeric_limits<kd::Label>::min()}),
                    ContainsSubstring("got -2147483648 (negative label"));
  CHECK_THROWS_WITH(count({0, most}),
                    "label of sample 1: expected a class, counted from 0, got 2147483647");
}
