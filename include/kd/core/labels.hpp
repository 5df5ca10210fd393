// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <optional>

#include "kd/core/error.hpp"
#include "kd/core/view.hpp"

namespace kd::detail {

/// A label that is no class: of which sample, and what to say.
struct LabelFault {
  Index sample;
  std::string message;
};

inline constexpr const char* negative_label_hint =
    " (negative label: a sample without a class must be left out, or ignored: "
    "Dataset::with_labels)";

/// The first label outside `[first, first + classes)`, if there is one, with a guess at why; one
/// label may stand for no class.
inline std::optional<LabelFault> find_label_fault(VectorView<const Label> labels, Index classes,
                                                  Label first = 0,
                                                  std::optional<Label> ignored = {}) {
  const Index last = first + classes - 1;
  Label least = std::numeric_limits<Label>::max();
  Label most = std::numeric_limits<Label>::min();
  Index bad = -1;
  for (Index i = 0; i < labels.size; ++i) {
    const Label label = labels.data[i];
    if (label == ignored) continue;
    if (label < least) least = label;
    if (label > most) most = label;
    if (bad < 0 && (label < first || label > last)) bad = i;
  }
  if (bad < 0) return std::nullopt;
  const Label label = labels.data[bad];
  std::string message =
      text("label of sample ", bad, ": expected ", first, " to ", last, ", got ", label);
  if (label < 0)
    message += negative_label_hint;
  else if (first == 0 && least >= 1 && most == classes)
    message +=
        text(" (the labels run from ", least, " to ", most, ": they look 1-based; subtract 1)");
  return LabelFault{bad, std::move(message)};
}

/// Throws `DataError` when a label is outside `[0, classes)`, naming the first such sample.
inline void check_labels(VectorView<const Label> labels, Index classes,
                         std::optional<Label> ignored = {}) {
  if (const auto fault = find_label_fault(labels, classes, 0, ignored))
    throw DataError(fault->message);
}

/// One more than the largest label. Throws `DataError` when a label is negative, or too large to be
/// followed by another.
inline Index count_classes(VectorView<const Label> labels, std::optional<Label> ignored = {}) {
  Label most = 0;
  for (Index i = 0; i < labels.size; ++i) {
    const Label label = labels.data[i];
    if (label == ignored) continue;
    if (label < 0 || label == std::numeric_limits<Label>::max())
      throw DataError(text("label of sample ", i, ": expected a class, counted from 0, got ", label,
                           label < 0 ? negative_label_hint : ""));
    if (label > most) most = label;
  }
  return Index{most} + 1;
}

}  // namespace kd::detail
