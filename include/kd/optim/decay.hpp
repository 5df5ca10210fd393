// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "kd/core/error.hpp"

namespace kd::detail {

/// Weight decay takes this share of a weight in a step: no more than all of it.
inline void check_decay(const char* name, double lr, double weight_decay) {
  const double share = lr * weight_decay;
  if (!is_finite(share) || share > 1)
    throw ConfigError(text(name, " must be at most 1, got ", share));
}

/// A part of a block of parameters that weight decay treats alike.
struct DecayPart {
  Index first;
  Index size;
  bool decays;
};

/// The parts of a block with these tensors, in which what is named "bias", as "layer 1 bias" is,
/// and scales behind a normalisation do not decay; none where all of it does.
template <class Tensors>
std::vector<DecayPart> parts_without_bias(const Tensors& tensors) {
  std::vector<DecayPart> parts;
  bool all = true;
  for (const auto& tensor : tensors) {
    const bool decays = !std::string_view(tensor.name).ends_with("bias") && !tensor.is_scale;
    all = all && decays;
    parts.push_back({tensor.offset, tensor.size(), decays});
  }
  if (all) parts.clear();
  return parts;
}

/// Calls `f(first, size, decays)` for each part of a block; for all of it where there are none.
template <class F>
void for_each_part(const std::vector<DecayPart>& parts, Index size, F&& f) {
  if (parts.empty()) return f(Index{0}, size, true);
  for (const DecayPart& part : parts) f(part.first, part.size, part.decays);
}

}  // namespace kd::detail
