// SPDX-License-Identifier: MIT
#pragma once

#include "kd/train/evaluate.hpp"
#include "kd/train/report.hpp"

namespace kd::detail {

/// What an `EpochReport` says of a model on the validation set. Throws as `evaluate`.
template <class Model>
Validation validate(const Model& model, const Dataset& data) {
  const Evaluation result = evaluate(model, data, {.most_confusion_classes = 0});
  return {result.loss, result.accuracy};
}

}  // namespace kd::detail
