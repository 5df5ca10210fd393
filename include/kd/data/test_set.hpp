// SPDX-License-Identifier: MIT
#pragma once

#include "kd/data/dataset.hpp"

namespace kd {

/// For programs that train on one data set and test on another: the second must be one of which the
/// first could have been the training set. Throws `ShapeError` when its samples have other
/// features or targets, `DataError` when it has a class that the training set does not have, or
/// lacks labels or targets that the training set has.
inline void check_test_set(const Dataset& train, const Dataset& test) {
  detail::check_equal("test set", "features a sample, as in training", train.features(),
                      test.features());
  const auto must_have = [](const char* what, bool trained, bool tested) {
    if (trained && !tested)
      throw DataError(detail::text("test set: expected ", what, ", as in training, got none"));
  };
  must_have("labels", train.has_labels(), test.has_labels());
  must_have("targets", train.has_targets(), test.has_targets());
  if (train.has_targets())
    detail::check_equal("test set", "targets a sample, as in training", train.targets().rows,
                        test.targets().rows);
  if (!train.has_labels()) return;
  if (const auto fault =
          detail::find_label_fault(test.labels(), train.classes(), 0, test.ignored_label()))
    throw DataError("test set, " + fault->message);
}

}  // namespace kd
