// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/conv_shape.hpp"
#include "kd/core/view.hpp"

/// Maps laid out so that a convolution needs no matrix of patches.
///
/// A map is copied into a plane with the border of zeros that the window sees. An output map has
/// rows as long as the plane's, so it is one strip of elements, and each tap of the window is the
/// same strip of the input from another place on: `y[p] = sum_k w[k] x[p + offset(k)]`. What lies
/// between the rows of the strip is computed and dropped. With a stride of s, a map is dealt out
/// to s x s planes, its phases, in which the window moves by 1.
namespace kd::cpu::conv {

struct Planes {
  /// Of several samples, which lie side by side in each phase of each channel.
  explicit Planes(const ConvShape& shape, Index sample_count = 1)
      : samples(sample_count),
        stride(shape.stride),
        rows(shape.out.height + (shape.height - 1) / stride),
        pitch(shape.out.width + (shape.width - 1) / stride),
        strip((shape.out.height - 1) * pitch + shape.out.width) {}

  Index size() const { return rows * pitch; }
  /// Elements of a channel.
  Index channel() const { return stride * stride * samples * size(); }
  /// Where tap (y, x) of the window begins in a channel.
  Index offset(Index y, Index x) const {
    return (y % stride * stride + x % stride) * samples * size() + y / stride * pitch + x / stride;
  }

  Index samples;
  Index stride;
  Index rows;
  Index pitch;  ///< elements of a row
  Index strip;  ///< elements of an output map with rows of this pitch
};

/// The places in `[0, size)` of a map that are element `phase` of every `stride`, `before` elements
/// into the border: place `i * stride + phase - before` is element i of the plane.
struct Phase {
  Phase(Index phase, Index stride, Index before, Index size, Index elements)
      : first(std::min(elements, std::max(Index{0}, (before - phase + stride - 1) / stride))),
        last(std::max(first, std::min(elements, (size - 1 + before - phase + stride) / stride))),
        origin(phase - before) {}

  Index first;   ///< element of the plane that lies in the map
  Index last;    ///< the one behind the last that does
  Index origin;  ///< place of element 0
};

/// Copies a map into the planes of its channel.
template <Real S>
void spread(const ConvShape& shape, const Planes& planes, const S* map, S* to) {
  for (Index y = 0; y < planes.stride; ++y) {
    const Phase down(y, planes.stride, shape.top, shape.in.height, planes.rows);
    for (Index x = 0; x < planes.stride; ++x, to += planes.samples * planes.size()) {
      const Phase along(x, planes.stride, shape.left, shape.in.width, planes.pitch);
      std::fill(to, to + down.first * planes.pitch, S(0));
      for (Index row = down.first; row < down.last; ++row) {
        S* const line = to + row * planes.pitch;
        const S* const from = map + (row * planes.stride + down.origin) * shape.in.width;
        std::fill(line, line + along.first, S(0));
        if (planes.stride == 1) {
          std::copy(from + along.first + along.origin, from + along.last + along.origin,
                    line + along.first);
        } else {
          for (Index i = along.first; i < along.last; ++i)
            line[i] = from[i * planes.stride + along.origin];
        }
        std::fill(line + along.last, line + planes.pitch, S(0));
      }
      std::fill(to + down.last * planes.pitch, to + planes.size(), S(0));
    }
  }
}

/// Copies an output map into a strip, with zeros between its rows and behind them, `size` elements.
template <Real S>
void spread_strip(const ConvShape& shape, const Planes& planes, const S* map, S* to, Index size) {
  for (Index row = 0; row < shape.out.height; ++row) {
    S* const line = to + row * planes.pitch;
    std::copy(map + row * shape.out.width, map + (row + 1) * shape.out.width, line);
    std::fill(line + shape.out.width, std::min(line + planes.pitch, to + size), S(0));
  }
  std::fill(to + std::min(size, shape.out.height * planes.pitch), to + size, S(0));
}

}  // namespace kd::cpu::conv
