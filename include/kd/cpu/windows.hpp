// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/conv_shape.hpp"
#include "kd/core/finite.hpp"
#include "kd/core/parallel.hpp"

namespace kd::cpu::detail {

/// What of a window lies within the map: rows [top, bottom), columns [left, right).
struct WindowPart {
  Index top;
  Index bottom;
  Index left;
  Index right;
  Index area() const { return std::max<Index>(0, bottom - top) * std::max<Index>(0, right - left); }
};

/// Calls `body(part)` for every window over a map, in the order of the output's elements.
template <class Body>
void for_windows(const ConvShape& shape, Body&& body) {
  for (Index y = 0; y < shape.out.height; ++y) {
    const Index top = y * shape.stride - shape.top;
    for (Index x = 0; x < shape.out.width; ++x) {
      const Index left = x * shape.stride - shape.left;
      body(WindowPart{std::max<Index>(0, top), std::min(shape.in.height, top + shape.height),
                      std::max<Index>(0, left), std::min(shape.in.width, left + shape.width)});
    }
  }
}

/// Calls `body(map)` for every map of every sample, spread over the threads.
template <class Body>
void for_maps(const ConvShape& shape, Index samples, Body&& body) {
  parallel_for(samples * shape.in.channels,
               2. * static_cast<double>(shape.out.area() * shape.taps()), body);
}

}  // namespace kd::cpu::detail
