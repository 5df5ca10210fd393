// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/layer.hpp"

namespace kd::detail {

/// A layer that rounds what comes in (kd/quant/fake_quantize.hpp).
template <class L>
concept Rounds = requires {
  requires L::rounds;
};

/// A layer that is told by the nearest of these before it how its inputs are rounded: then
/// `forward_rounded(rounding, forward)` is called in place of `forward`.
template <class L>
concept KnowsRounding = requires {
  requires L::knows_rounding;
};

/// The nearest layer before layer `I` that rounds, or 0.
template <class Architecture, Index I>
constexpr Index rounding_before() {
  constexpr Index before = Architecture::sources(I).first;
  if constexpr (before == 0)
    return 0;
  else if constexpr (Rounds<LayerAt<Architecture, before>>)
    return before;
  else
    return rounding_before<Architecture, before>();
}

/// Whether layer `I` is told how its inputs are rounded.
template <class Architecture, Index I>
constexpr bool knows_rounding() {
  if constexpr (KnowsRounding<LayerAt<Architecture, I>>)
    return rounding_before<Architecture, I>() > 0;
  else
    return false;
}

}  // namespace kd::detail
