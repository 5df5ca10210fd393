// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/error.hpp"
#include "kd/core/view.hpp"

namespace kd::detail {

/// Throws `DataError` when a label is outside `[0, classes)`, naming the first such sample.
inline void check_labels(VectorView<const Label> labels, Index classes) {
  Label least = 0;
  Label most = 0;
  Index bad = -1;
  for (Index i = 0; i < labels.size; ++i) {
    const Label label = labels.data[i];
    if (i == 0 || label < least) least = label;
    if (i == 0 || label > most) most = label;
    if (bad < 0 && (label < 0 || label >= classes)) bad = i;
  }
  if (bad < 0) return;
  std::string message =
      text("label of sample ", bad, ": expected 0 to ", classes - 1, ", got ", labels.data[bad]);
  if (least >= 1 && most == classes)
    message +=
        text(" (the labels run from ", least, " to ", most, ": they look 1-based; subtract 1)");
  throw DataError(message);
}

}  // namespace kd::detail
