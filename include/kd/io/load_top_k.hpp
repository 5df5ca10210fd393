// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "kd/io/npy.hpp"
#include "kd/teachers/top_k_logits.hpp"

namespace kd {

/// The files of a teacher's k largest logits, arrays of shape (samples, k).
struct TopKFiles {
  std::string indices;     ///< of the classes, counted from 0
  std::string logits;      ///< of these classes
  std::string tail = {};   ///< (samples), see `TopKLogits`; may be left out
  Index num_classes = 0;   ///< in all
  double temperature = 4;  ///< at which `tail` holds
};

/// Reads the k largest logits of every sample, as `torch.topk` gives them:
///
///     const kd::TopKTeacher teacher(kd::load_top_k<float>(
///         {.indices = "indices.npy", .logits = "logits.npy", .num_classes = 1000}));
///
/// Throws as `load_npy`; the teacher checks the rest.
template <Real S>
TopKLogits<S> load_top_k(const TopKFiles& files) {
  TopKLogits<S> all{load_npy<Label>(files.indices), load_npy<S>(files.logits)};
  all.source = detail::text(files.indices, " and ", files.logits);
  if (!files.tail.empty()) {
    all.tail = load_npy<S>(files.tail).reshaped();
    all.source += detail::text(" and ", files.tail);
  }
  all.num_classes = files.num_classes;
  all.temperature = files.temperature;
  return all;
}

}  // namespace kd
