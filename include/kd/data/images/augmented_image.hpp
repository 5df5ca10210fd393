// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/error.hpp"
#include "kd/core/random.hpp"
#include "kd/core/shape.hpp"

namespace kd {

/// One image that is changed in place, with room for what a change needs beside it.
struct AugmentedImage {
  float* data;  ///< (channels, height, width)
  Shape shape;
  float* room;  ///< as many floats as the part asked for with `room(shape)`

  float* plane(Index channel) const { return data + channel * shape.area(); }
};

/// What lies beyond the edge of an image.
enum class Border {
  zero,     ///< zeros
  edge,     ///< the element at the edge
  reflect,  ///< the image, mirrored at the element at the edge
};

namespace detail {

/// Where position `i` of a line of `size` elements comes from, or -1 for a zero.
constexpr Index behind_border(Index i, Index size, Border border) {
  if (i >= 0 && i < size) return i;
  if (border == Border::zero) return -1;
  if (border == Border::edge || size == 1) return i < 0 ? 0 : size - 1;
  const Index period = 2 * (size - 1);
  const Index within = ((i % period) + period) % period;
  return within < size ? within : period - within;
}

/// Moves the image down by `rows` and to the right by `columns`: `out[y, x] = in[y - rows, x -
/// columns]`. Needs room for one plane.
inline void move_image(const AugmentedImage& image, Index rows, Index columns, Border border) {
  const auto [channels, height, width] = image.shape;
  for (Index c = 0; c < channels; ++c) {
    float* const plane = image.plane(c);
    std::copy(plane, plane + image.shape.area(), image.room);
    for (Index y = 0; y < height; ++y) {
      const Index from = behind_border(y - rows, height, border);
      for (Index x = 0; x < width; ++x) {
        const Index at = behind_border(x - columns, width, border);
        plane[y * width + x] = from < 0 || at < 0 ? 0 : image.room[from * width + at];
      }
    }
  }
}

/// Moves the image by up to `most` pixels, down or up and to the right or left, all equally likely.
inline void move_at_random(const AugmentedImage& image, Index most, Border border, Rng rng) {
  const Index rows = rng.below(2 * most + 1) - most;
  const Index columns = rng.below(2 * most + 1) - most;
  move_image(image, rows, columns, border);
}

/// The element of a plane at a place between elements, by bilinear interpolation; zeros lie beyond
/// the edge.
inline float between_elements(const float* plane, const Shape& shape, float y, float x) {
  // Beyond the edge by a whole element there is nothing, and no index is made of what has none.
  if (!(y > -1 && x > -1 && y < static_cast<float>(shape.height) &&
        x < static_cast<float>(shape.width)))
    return 0;
  // Both are above -1, so that what the conversion cuts off is what lies above the whole number.
  const Index top = static_cast<Index>(y + 1) - 1;
  const Index left = static_cast<Index>(x + 1) - 1;
  const float down = y - static_cast<float>(top);
  const float right = x - static_cast<float>(left);
  const auto element = [&](Index row, Index column) {
    const bool inside = row >= 0 && column >= 0 && row < shape.height && column < shape.width;
    return inside ? plane[row * shape.width + column] : 0.0F;
  };
  const float above = element(top, left) + right * (element(top, left + 1) - element(top, left));
  const float below =
      element(top + 1, left) + right * (element(top + 1, left + 1) - element(top + 1, left));
  return above + down * (below - above);
}

/// Throws `ConfigError` unless `0 <= pixels < 2^20`, more than any image has.
inline void check_pixels(const char* name, Index pixels) {
  if (pixels < 0 || pixels >= Index{1} << 20)
    throw ConfigError(text(name, " must be from 0 to 1048575, got ", pixels));
}

}  // namespace detail
}  // namespace kd
