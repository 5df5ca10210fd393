// SPDX-License-Identifier: MIT
#include "kd/core/labels.hpp"

#include <vector>

#include "support/catch.hpp"

namespace {

void check(const std::vector<kd::Label>& labels, kd::Index classes) {
  kd::detail::check_labels({labels.data(), static_cast<kd::Index>(labels.size())}, classes);
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
  CHECK_THROWS_WITH(check({0, 1, -1, 5}, 10), "label of sample 2: expected 0 to 9, got -1");
}

TEST_CASE("labels from 1 to the number of classes get a hint", "[core][labels]") {
  CHECK_THROWS_WITH(check({3, 1, 10, 2}, 10),
                    "label of sample 2: expected 0 to 9, got 10 (the labels run from 1 to 10: they "
                    "look 1-based; subtract 1)");
  CHECK_THROWS_WITH(check({0, 10}, 10), "label of sample 1: expected 0 to 9, got 10");
  CHECK_THROWS_WITH(check({1, 11}, 10), "label of sample 1: expected 0 to 9, got 11");
}
