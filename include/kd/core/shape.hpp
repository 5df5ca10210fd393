// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "kd/core/error.hpp"
#include "kd/core/types.hpp"

namespace kd {

/// What a sample looks like: for every channel a map of `height` x `width`, or, with maps of one
/// element, a vector of features.
///
/// In a column the elements lie as (channels, height, width), byte for byte PyTorch's NCHW.
struct Shape {
  Index channels = dynamic;
  Index height = 1;
  Index width = 1;

  constexpr bool is_known() const {
    return channels != dynamic && height != dynamic && width != dynamic;
  }
  /// Elements of a map.
  constexpr Index area() const { return height * width; }
  /// Elements of a sample, or `dynamic`.
  constexpr Index features() const { return is_known() ? channels * area() : dynamic; }

  friend constexpr bool operator==(const Shape&, const Shape&) = default;
};

namespace detail {

inline constexpr Shape unknown_shape{dynamic, dynamic, dynamic};
/// What a layer gives that cannot take what it is given.
inline constexpr Shape no_shape{0, 0, 0};

/// A size that the types know equals one of run time.
constexpr bool agree(Index a, Index b) { return a == b || a == dynamic || b == dynamic; }

/// Whether what one layer gives can be what another takes, as far as types tell.
constexpr bool agree(const Shape& a, const Shape& b) {
  return agree(a.channels, b.channels) && agree(a.height, b.height) && agree(a.width, b.width);
}

/// "64 features", or "16 x 28 x 28"; "?" is a size that is not known.
inline std::string describe_shape(const Shape& shape) {
  const auto size = [](Index extent) { return extent == dynamic ? "?" : text(extent); };
  if (shape.height == 1 && shape.width == 1) return size(shape.channels) + " features";
  return text(size(shape.channels), " x ", size(shape.height), " x ", size(shape.width));
}

}  // namespace detail
}  // namespace kd
