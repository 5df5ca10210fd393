// SPDX-License-Identifier: MIT
#pragma once

#include "kd/data/dataset.hpp"

namespace kd {

/// For programs that train on one data set and test on another: the second must be one of which the
/// first could have been the training set. Throws `ShapeError` when its samples have other
/// features, `DataError` when it has a class that the training set does not have.
inline void check_test_set(const Dataset& train, const Dataset& test) {
  detail::check_equal("test set", "features a sample, as in training", train.features(),
                      test.features());
  if (const auto fault = detail::find_label_fault(test.labels(), train.classes()))
    throw DataError("test set, " + fault->message);
}

}  // namespace kd
