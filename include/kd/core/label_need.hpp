// SPDX-License-Identifier: MIT
#pragma once

namespace kd {

/// What something that runs over a data set reads of the labels. A loss on labels, a method and a
/// teacher say so by `label_need()`, which may be static.
enum class LabelNeed {
  none,   ///< nothing: the data set may have no labels
  some,   ///< those that count: the others' places in `Batch::weights` are 0
  every,  ///< that of every sample: none may be ignored
};

}  // namespace kd
