// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "kd/core/matrix.hpp"
#include "kd/cpu/space.hpp"
#include "kd/cpu/windows.hpp"

namespace kd::cpu {

namespace detail {

/// The first of the largest elements of a window, or its first NaN; -1 where it lies outside.
template <Real S>
Index largest_of(const S* map, const WindowPart& part, Index width) {
  Index at = -1;
  for (Index y = part.top; y < part.bottom; ++y)
    for (Index x = part.left; x < part.right; ++x) {
      const Index here = y * width + x;
      if (at < 0 || map[here] > map[at] ||
          (kd::detail::is_nan(map[here]) && !kd::detail::is_nan(map[at])))
        at = here;
    }
  return at;
}

}  // namespace detail

/// `y = the largest x of the window`, channel by channel; the border counts as minus infinity.
template <Real S>
void op_max_pool_forward(const Space&, const ConvShape& shape, MatrixView<const S> x,
                         MatrixView<S> y) {
  detail::for_maps(shape, x.cols, [&](Index map) {
    const S* const from = x.data + map * shape.in.area();
    S* to = y.data + map * shape.out.area();
    detail::for_windows(shape, [&](const detail::WindowPart& part) {
      const Index at = detail::largest_of(from, part, shape.in.width);
      *to++ = at < 0 ? -std::numeric_limits<S>::infinity() : from[at];
    });
  });
}

/// `dx = dy` at the largest element of each window, of equals the first; 0 elsewhere.
template <Real S>
void op_max_pool_backward(const Space&, const ConvShape& shape, MatrixView<const S> x,
                          MatrixView<const S> dy, MatrixView<S> dx, Write write) {
  detail::for_maps(shape, x.cols, [&](Index map) {
    const S* const inputs = x.data + map * shape.in.area();
    const S* from = dy.data + map * shape.out.area();
    S* const to = dx.data + map * shape.in.area();
    if (write == Write::overwrite) std::fill_n(to, shape.in.area(), S(0));
    detail::for_windows(shape, [&](const detail::WindowPart& part) {
      const Index at = detail::largest_of(inputs, part, shape.in.width);
      if (at >= 0) to[at] += *from;
      ++from;
    });
  });
}

}  // namespace kd::cpu
