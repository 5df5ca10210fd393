// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kd/core/cache_line.hpp"
#include "kd/core/conv_shape.hpp"
#include "kd/core/view.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/simd.hpp"

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
        strip((shape.out.height - 1) * pitch + shape.out.width),
        whole_strip(kd::detail::whole_cache_lines<float>(strip)) {}

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
  /// As many as are computed where room is left for them: no vector is cut. Those behind the strip
  /// follow from whatever lies behind the planes, and are dropped.
  Index whole_strip;
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

/// Elements that are copied at a time. Rows are short: a call for each costs more than the copy.
inline constexpr Index block = 8;

/// Copies a block of every `stride`-th element.
template <Real S>
[[gnu::always_inline]] inline void copy_block(const S* from, Index stride, S* to) {
  if (stride == 1) {
    std::memcpy(to, from, block * sizeof(S));
    return;
  }
#if KD_HAS_VECTORS
  constexpr Index N = std::min(simd::width<S>, block);
  if (stride == 2) {
    for (Index i = 0; i < block; i += N) simd::store(simd::load_evens<N>(from + 2 * i), to + i);
    return;
  }
#endif
  for (Index i = 0; i < block; ++i) to[i] = from[i * stride];
}

/// Copies every `stride`-th element of `rows` rows, `width` of each, which begin `from_pitch` and
/// `to_pitch` apart, with zeros between those of `to`. Whole blocks are copied while they stay
/// within both: what one writes behind its row, the next row or the zeros overwrite.
template <Real S>
[[gnu::always_inline]] inline void copy_rows(const S* from, Index from_pitch, Index stride, S* to,
                                             Index to_pitch, Index rows, Index width) {
  constexpr S zeros[block] = {};
  const Index gap = to_pitch - width;
  Index behind = 1;  // rows that whatever a block reads or writes behind its own lies in
  while (behind * from_pitch < block * stride || behind * to_pitch < block) ++behind;
  Index left = rows;
  for (; left > behind && gap <= block; --left) {
    for (Index i = 0; i < width; i += block) copy_block(from + i * stride, stride, to + i);
    std::memcpy(to + width, zeros, sizeof zeros);
    from += from_pitch;
    to += to_pitch;
  }
  for (; left > 0; --left, from += from_pitch, to += to_pitch) {
    for (Index i = 0; i < width; ++i) to[i] = from[i * stride];
    if (left > 1) std::fill_n(to + width, gap, S(0));
  }
}

/// Fills a plane of `size` elements with rows, at least one, from element `at` on, and with zeros
/// around them.
template <Real S>
[[gnu::always_inline]] inline void fill_plane(const S* from, Index from_pitch, Index stride,
                                              Index rows, Index width, S* plane, Index at,
                                              Index pitch, Index size) {
  std::fill_n(plane, at, S(0));
  copy_rows(from, from_pitch, stride, plane + at, pitch, rows, width);
  const Index end = at + (rows - 1) * pitch + width;
  std::fill_n(plane + end, size - end, S(0));
}

/// What `spread` does, by a stride that is a number or one that the compiler knows.
template <class Stride, Real S>
void spread_by(Stride stride, const ConvShape& shape, const Planes& planes, const S* map,
               S* channel) {
  for (Index y = 0; y < std::min<Index>(stride, shape.height); ++y) {
    const Phase down(y, stride, shape.top, shape.in.height, planes.rows);
    for (Index x = 0; x < std::min<Index>(stride, shape.width); ++x) {
      S* const to = channel + planes.offset(y, x);
      const Phase along(x, stride, shape.left, shape.in.width, planes.pitch);
      if (down.first == down.last || along.first == along.last) {
        std::fill_n(to, planes.size(), S(0));
        continue;
      }
      fill_plane(map + (down.first * stride + down.origin) * shape.in.width + along.first * stride +
                     along.origin,
                 stride * shape.in.width, stride, down.last - down.first, along.last - along.first,
                 to, down.first * planes.pitch + along.first, planes.pitch, planes.size());
    }
  }
}

/// Copies a map into the planes of its channel, those that the window sees.
template <Real S>
void spread(const ConvShape& shape, const Planes& planes, const S* map, S* channel) {
  if (planes.stride == 1) {
    spread_by(std::integral_constant<Index, 1>(), shape, planes, map, channel);
  } else if (planes.stride == 2) {
    spread_by(std::integral_constant<Index, 2>(), shape, planes, map, channel);
  } else {
    spread_by(planes.stride, shape, planes, map, channel);
  }
}

/// Copies an output map into a strip, with zeros between its rows and behind them, `size` elements.
template <Real S>
void spread_strip(const ConvShape& shape, const Planes& planes, const S* map, S* to, Index size) {
  fill_plane(map, shape.out.width, 1, shape.out.height, shape.out.width, to, 0, planes.pitch, size);
}

/// A map of a sample.
template <Real S>
const S* map_of(MatrixView<const S> x, Index sample, Index channel, const Shape& shape) {
  return x.data + sample * x.rows + channel * shape.area();
}

/// Where each weight of an output channel finds its element in the planes of its group.
inline const Index* offsets_of(const ConvShape& shape, const Planes& planes) {
  Index* const offsets = scratch<Index>(shape.depth());
  Index k = 0;
  for (Index channel = 0; channel < shape.ins(); ++channel)
    for (Index y = 0; y < shape.height; ++y)
      for (Index x = 0; x < shape.width; ++x)
        offsets[k++] = channel * planes.channel() + planes.offset(y, x);
  return offsets;
}

/// What a convolution of `samples` costs, as `parallel_for` counts: its products, and the copies of
/// its maps, which are most of it where each output comes from one input channel.
inline double work(const ConvShape& shape, Index samples) {
  const Index copied = shape.in.features() + shape.out.features();
  return static_cast<double>(samples) *
         (0.2 * static_cast<double>(shape.out.features() * shape.depth()) +
          2. * static_cast<double>(copied));
}

}  // namespace kd::cpu::conv
