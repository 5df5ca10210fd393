// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/conv_shape.hpp"
#include "kd/core/error.hpp"

namespace kd {

/// The size of a window: `3` is 3 x 3, `Kernel{10, 4}` is 10 rows of 4.
struct Kernel {
  Index height;
  Index width;

  constexpr Kernel(Index both) : height(both), width(both) {}
  constexpr Kernel(Index rows, Index columns) : height(rows), width(columns) {}
  friend constexpr bool operator==(const Kernel&, const Kernel&) = default;
};

/// How a window moves over maps.
///
/// An output map has `floor((size + 2 pad - kernel) / stride) + 1` rows and columns, as PyTorch's.
/// With `same` it has `ceil(size / stride)`, as TensorFlow's SAME: the border has as many zeros as
/// that needs, and an odd one lies below and on the right.
struct Window {
  Index stride = 1;
  Index pad = 0;
  bool same = false;

  friend constexpr bool operator==(const Window&, const Window&) = default;
};

namespace detail {

constexpr bool is_window(const Kernel& kernel, const Window& window) {
  return kernel.height > 0 && kernel.width > 0 && window.stride > 0 && window.pad >= 0 &&
         !(window.same && window.pad > 0);
}

/// Where windows begin, and how many of them there are, along one side of a map.
struct WindowRange {
  Index before;  ///< elements of the border before the map
  Index count;   ///< 0 where the window is larger than the map with its border
};

constexpr WindowRange window_range(Index size, Index kernel, const Window& window) {
  if (size == dynamic) return {dynamic, dynamic};
  if (window.same) {
    const Index count = (size + window.stride - 1) / window.stride;
    return {std::max<Index>(0, (count - 1) * window.stride + kernel - size) / 2, count};
  }
  const Index room = size + 2 * window.pad - kernel;
  return {window.pad, room < 0 ? 0 : room / window.stride + 1};
}

/// What windows over a shape give, or `no_shape`.
constexpr Shape window_shape(const Shape& in, Index channels, const Kernel& kernel,
                             const Window& window) {
  const Index height = window_range(in.height, kernel.height, window).count;
  const Index width = window_range(in.width, kernel.width, window).count;
  return height == 0 || width == 0 ? no_shape : Shape{channels, height, width};
}

/// The sizes of windows over `in`. Throws `ShapeError` where they are larger than the maps.
inline ConvShape window_over(const char* where, const Shape& in, Index channels,
                             const Kernel& kernel, const Window& window, Index groups) {
  const Shape out = window_shape(in, channels, kernel, window);
  if (out == no_shape)
    throw ShapeError(text(where, ": expected maps of at least ", kernel.height, " x ", kernel.width,
                          " with their border of ", window.pad, ", got ", in.height, " x ",
                          in.width));
  return {in,
          out,
          kernel.height,
          kernel.width,
          window.stride,
          window_range(in.height, kernel.height, window).before,
          window_range(in.width, kernel.width, window).before,
          groups};
}

/// Throws `ConfigError` for a window of run time that is none.
inline void check_window(const char* where, const Kernel& kernel, const Window& window) {
  if (is_window(kernel, window)) return;
  throw ConfigError(text(where, ": expected a kernel and a stride of at least 1 and a pad of at ",
                         "least 0, which is 0 with same, got a kernel of ", kernel.height, " x ",
                         kernel.width, ", stride ", window.stride, ", pad ", window.pad,
                         window.same ? ", same" : ""));
}

}  // namespace detail
}  // namespace kd
