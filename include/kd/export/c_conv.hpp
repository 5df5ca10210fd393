// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kd/core/conv_shape.hpp"
#include "kd/core/error.hpp"

namespace kd::c_source {

/// How many output channels a loop goes along; 0 where a group has too few.
inline Index block_of(const ConvShape& shape) {
  if (shape.outs() < 4) return 0;
  return shape.outs() % 16 == 0 ? 16 : 8;
}

/// A function's text with its number of channels in the place of BLOCK.
inline std::string with_block(Index block, std::string_view text) {
  constexpr std::string_view word = "BLOCK";
  std::string all;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word)) {
    all += detail::text(text.substr(0, at), block);
    text.remove_prefix(at + word.size());
  }
  return all + std::string(text);
}

/// Weights (outputs, inputs, height, width) as (groups, height, width, inputs, outputs of a group),
/// so that the channels that an input element adds to lie side by side.
template <class T>
std::vector<T> channels_last(const ConvShape& s, const std::vector<T>& weight) {
  std::vector<T> turned;
  turned.reserve(weight.size());
  for (Index group = 0; group < s.groups; ++group)
    for (Index tap = 0; tap < s.taps(); ++tap)
      for (Index i = 0; i < s.ins(); ++i)
        for (Index o = group * s.outs(); o < (group + 1) * s.outs(); ++o)
          turned.push_back(weight[static_cast<std::size_t>((o * s.ins() + i) * s.taps() + tap)]);
  return turned;
}

}  // namespace kd::c_source
