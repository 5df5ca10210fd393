// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/shape.hpp"

namespace kd {

/// What a network of images takes: the first argument of a `Sequential`, its layer 0.
///
///     kd::Sequential<kd::Image<1, 28, 28>, kd::Conv2d<16, 3>, kd::ReLU, ...>
///
/// A sample is a column of Channels * Height * Width elements, (channels, height, width) as
/// PyTorch's. Sizes of run time: `Image<>(1, height, width)`.
template <Index Channels = dynamic, Index Height = dynamic, Index Width = dynamic>
class Image {
  static constexpr bool is_size(Index size) { return size == dynamic || size > 0; }
  static_assert(is_size(Channels) && is_size(Height) && is_size(Width),
                "an image has at least one channel, one row and one column");

 public:
  static constexpr Shape static_shape{Channels, Height, Width};

  Image() requires(static_shape.is_known()) = default;

  /// Throws `ShapeError` when a size is not positive or differs from the one in the type.
  Image(Index channels, Index height, Index width) : shape_{channels, height, width} {
    for (const Index size : {channels, height, width})
      if (size < 1)
        throw ShapeError(detail::text("Image: sizes must be positive, got ", channels, " x ",
                                      height, " x ", width));
    if (!detail::agree(static_shape, shape_))
      throw ShapeError(detail::text("Image: expected ", detail::describe_shape(static_shape),
                                    ", got ", detail::describe_shape(shape_)));
  }

  const Shape& shape() const { return shape_; }

 private:
  Shape shape_ = static_shape;
};

}  // namespace kd
