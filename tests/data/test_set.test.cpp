// SPDX-License-Identifier: MIT
#include "kd/data/test_set.hpp"

#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

Dataset make_data(Index features, Label largest, Index classes = 0) {
  Labels labels = Labels::Zero(8);
  labels(5) = largest;
  return {kd::test::random_matrix<float>(features, 8, 1), labels, classes};
}

}  // namespace

TEST_CASE("a test set must fit its training set", "[data][test_set]") {
  const Dataset train = make_data(6, 3);
  CHECK_NOTHROW(check_test_set(train, train));
  CHECK_NOTHROW(check_test_set(train, make_data(6, 2)));
  CHECK_NOTHROW(check_test_set(train, make_data(6, 3, 10)));  // only four occur
  CHECK_THROWS_AS(check_test_set(train, make_data(7, 3)), ShapeError);
  CHECK_THROWS_WITH(check_test_set(train, make_data(7, 3)),
                    "test set: expected 6 features a sample, as in training, got 7");
  CHECK_THROWS_AS(check_test_set(train, make_data(6, 4)), DataError);
  CHECK_THROWS_WITH(check_test_set(train, make_data(6, 4)),
                    "test set, label of sample 5: expected 0 to 3, got 4");
}

TEST_CASE("a test set has what the training set has", "[data][test_set]") {
  const Dataset bare(Matrix<float>(Matrix<float>::Zero(2, 4)));
  const Dataset labelled = bare.with_labels(Labels{{0, 1, 2, 1}});
  const Dataset aimed = bare.with_targets(Matrix<float>::Zero(3, 4));
  CHECK_NOTHROW(check_test_set(bare, labelled));
  CHECK_NOTHROW(check_test_set(aimed, aimed));
  CHECK_NOTHROW(check_test_set(labelled, bare.with_labels(Labels{{0, 9, 2, 1}}, {.ignore = 9})));
  CHECK_THROWS_WITH(check_test_set(labelled, bare),
                    "test set: expected labels, as in training, got none");
  CHECK_THROWS_WITH(check_test_set(aimed, labelled),
                    "test set: expected targets, as in training, got none");
  CHECK_THROWS_WITH(check_test_set(aimed, bare.with_targets(Matrix<float>::Zero(2, 4))),
                    "test set: expected 3 targets a sample, as in training, got 2");
  CHECK_THROWS_AS(check_test_set(labelled, bare.with_labels(Labels{{0, 9, 2, 1}})), DataError);
}
