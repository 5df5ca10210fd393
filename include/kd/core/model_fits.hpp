// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/labels.hpp"

namespace kd::detail {

/// Inputs must have the features that a model takes; one that takes any, as a function may, does
/// not say how many. Throws `ShapeError`.
template <class Model>
void check_features(const char* where, const Model& model, Index features, Index samples) {
  if constexpr (requires { model.in_features(); }) {
    const Index expected = model.in_features();
    if (features == expected) return;
    throw ShapeError(text(
        where, ": expected ", expected, " features a sample, as the model takes, got ", features,
        samples == expected ? "; are the inputs (samples, features)? transpose them" : ""));
  }
}

/// A model must fit a data set: its features, the classes of its labels and, where the model knows
/// samples by their index, the samples themselves, as they are or augmented. Everything that runs a
/// model over a data set asks this before any work. Throws `ShapeError`, `DataError` or
/// `ConfigError`.
template <class Model, class Data>
void check_model_fits(const char* where, const Model& model, const Data& data,
                      bool augmented = false) {
  check_features(where, model, data.features(), data.size());
  if (data.classes() > model.num_classes()) check_labels(data.labels(), model.num_classes());
  if constexpr (requires { model.check_data(data, augmented); }) model.check_data(data, augmented);
}

/// A model must give (classes, batch) numbers: whoever reads them counts on it. Throws
/// `ShapeError`.
template <class Model, class Logits>
void check_logits(const char* where, const Model& model, Index batch, const Logits& logits) {
  check_equal(where, "classes in the logits, as the model has", model.num_classes(), logits.rows);
  check_equal(where, "samples in the logits, as in the batch", batch, logits.cols);
}

}  // namespace kd::detail
