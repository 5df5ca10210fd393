// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/shape.hpp"

namespace kd {

/// A convolution's sizes, as its kernels take them: a window of `height` x `width` elements moves
/// over the maps by `stride`, beginning `top` rows above and `left` columns before them. Channels
/// are cut into `groups`, and what a group gives comes from that group alone.
struct ConvShape {
  Shape in;
  Shape out;
  Index height = 1;
  Index width = 1;
  Index stride = 1;
  Index top = 0;
  Index left = 0;
  Index groups = 1;

  friend bool operator==(const ConvShape&, const ConvShape&) = default;

  Index taps() const { return height * width; }
  Index ins() const { return in.channels / groups; }    ///< of a group
  Index outs() const { return out.channels / groups; }  ///< of a group
  /// Weights of an output channel.
  Index depth() const { return ins() * taps(); }
  /// Whether every output element follows from the input elements of the same place.
  bool is_pointwise() const { return taps() == 1 && stride == 1 && in.area() == out.area(); }
};

}  // namespace kd
