// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/cpu/space.hpp"
#include "kd/cpu/windows.hpp"

namespace kd::cpu {

namespace detail {

/// What the sum of a window is divided by: its elements, those of the border too or not.
inline Index divisor_of(const ConvShape& shape, const WindowPart& part, bool counts_border) {
  return counts_border ? shape.taps() : std::max<Index>(1, part.area());
}

}  // namespace detail

/// `y = the mean of the window's elements`, channel by channel; the border counts as zeros, or not
/// at all.
template <Real S>
void op_average_pool_forward(const Space&, const ConvShape& shape, bool counts_border,
                             MatrixView<const S> x, MatrixView<S> y) {
  detail::for_maps(shape, x.cols, [&](Index map) {
    const S* const from = x.data + map * shape.in.area();
    S* to = y.data + map * shape.out.area();
    detail::for_windows(shape, [&](const detail::WindowPart& part) {
      S sum = 0;
      for (Index row = part.top; row < part.bottom; ++row)
        for (Index i = part.left; i < part.right; ++i) sum += from[row * shape.in.width + i];
      *to++ = sum / static_cast<S>(detail::divisor_of(shape, part, counts_border));
    });
  });
}

/// `dx = the sum over the windows that see x of dy / their elements`.
template <Real S>
void op_average_pool_backward(const Space&, const ConvShape& shape, bool counts_border,
                              MatrixView<const S> dy, MatrixView<S> dx, Write write) {
  detail::for_maps(shape, dy.cols, [&](Index map) {
    const S* from = dy.data + map * shape.out.area();
    S* const to = dx.data + map * shape.in.area();
    if (write == Write::overwrite) std::fill_n(to, shape.in.area(), S(0));
    detail::for_windows(shape, [&](const detail::WindowPart& part) {
      const S share = *from++ / static_cast<S>(detail::divisor_of(shape, part, counts_border));
      for (Index row = part.top; row < part.bottom; ++row)
        for (Index i = part.left; i < part.right; ++i) to[row * shape.in.width + i] += share;
    });
  });
}

}  // namespace kd::cpu
