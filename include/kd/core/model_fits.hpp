// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "kd/core/label_need.hpp"
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

/// The labels that `who` reads must be there. Throws `DataError`.
template <class Data>
void check_labels_suffice(const char* where, const std::string& who, LabelNeed need,
                          const Data& data) {
  if (need == LabelNeed::none) return;
  if (!data.has_labels())
    throw DataError(text(where, ": ", who, " needs labels, and the data set has none"));
  if (need == LabelNeed::some) return;
  if (const Index ignored = data.ignored_samples(); ignored > 0)
    throw DataError(text(where, ": ", who,
                         " needs the label of every sample, and the data set has ", ignored,
                         " ignored of ", data.size()));
}

/// There must be a target for each of the numbers that a model gives. Throws `DataError` when
/// there is none, `ShapeError` when there are more or fewer.
template <class Data>
void check_targets_fit(const char* where, const std::string& who, Index outputs, const Data& data) {
  if (!data.has_targets())
    throw DataError(text(where, ": ", who,
                         " needs targets, and the data set has none: data.with_targets(matrix)"));
  if (data.targets().rows != outputs)
    throw ShapeError(text(where, ": expected ", outputs,
                          " targets a sample, as the model gives numbers, got ",
                          data.targets().rows));
}

/// The same for what a method reads; one that does not say is taken to read every label.
template <class Method, class Data>
void check_method_fits(const char* where, const Method& method, Index outputs, const Data& data) {
  const std::string who = text("the method \"", Method::terms.front(), '"');
  if constexpr (requires { method.label_need(); })
    check_labels_suffice(where, who, method.label_need(), data);
  else
    check_labels_suffice(
        where, who + ", which does not say its label_need() and is taken to read them all,",
        LabelNeed::every, data);
  if constexpr (requires { Method::reads_targets; })
    if (Method::reads_targets) check_targets_fit(where, who, outputs, data);
}

/// A model must fit a data set: its features, the classes of its labels and, where the model knows
/// samples by their index, the samples themselves, as they are or augmented. Everything that runs a
/// model over a data set asks this before any work. Throws `ShapeError`, `DataError` or
/// `ConfigError`.
template <class Model, class Data>
void check_model_fits(const char* where, const Model& model, const Data& data,
                      bool augmented = false) {
  check_features(where, model, data.features(), data.size());
  if (data.classes() > model.num_classes())
    check_labels(data.labels(), model.num_classes(), data.ignored_label());
  if constexpr (requires { model.label_need(); })
    check_labels_suffice(where, "the model", model.label_need(), data);
  if constexpr (requires { model.check_data(data, augmented); }) model.check_data(data, augmented);
}

/// The same, where the model's outputs are held against labels or targets.
template <class Model, class Data>
void check_can_evaluate(const char* where, const Model& model, const Data& data) {
  check_model_fits(where, model, data);
  if (!data.has_labels() && !data.has_targets())
    throw DataError(text(where, ": needs labels or targets, and the data set has neither"));
  if (data.has_targets()) check_targets_fit(where, "the squared error", model.num_classes(), data);
}

/// A model must give (classes, batch) numbers: whoever reads them counts on it. Throws
/// `ShapeError`.
template <class Model, class Logits>
void check_logits(const char* where, const Model& model, Index batch, const Logits& logits) {
  check_equal(where, "classes in the logits, as the model has", model.num_classes(), logits.rows);
  check_equal(where, "samples in the logits, as in the batch", batch, logits.cols);
}

}  // namespace kd::detail
