// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "kd/core/finite.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/core/shape.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// Calls `body(first, last)` for a few channels at a time, spread over the threads: whoever takes
/// channels sums them up over the batch by itself, sample after sample.
template <class Body>
void for_channels(const Shape& shape, Index batch, Body&& body) {
  const Index piece = shape.area() > 1 ? 1 : 32;  // features lie side by side
  const Index pieces = (shape.channels + piece - 1) / piece;
  parallel_for(pieces, 4. * static_cast<double>(piece * shape.area() * batch),
               [&](Index i) { body(i * piece, std::min(shape.channels, (i + 1) * piece)); });
}

/// The map of a channel of a sample.
template <Real S>
auto map_array(MatrixView<S> x, const Shape& shape, Index sample, Index channel) {
  return array(VectorView<S>(x.data + sample * x.rows + channel * shape.area(), shape.area()));
}

}  // namespace detail

/// The mean and the variance (divided by their number) of every channel over the batch:
/// moments: (2 * channels), the means first; x: (features, batch).
template <Real S>
void op_batch_moments(const Space&, const Shape& shape, MatrixView<const S> x,
                      VectorView<S> moments) {
  const auto count = static_cast<double>(shape.area() * x.cols);
  detail::for_channels(shape, x.cols, [&](Index first, Index last) {
    for (Index c = first; c < last; ++c) {
      double sum = 0;
      for (Index b = 0; b < x.cols; ++b)
        sum += static_cast<double>(detail::map_array(x, shape, b, c).sum());
      const auto mean = static_cast<S>(sum / count);
      double squares = 0;
      for (Index b = 0; b < x.cols; ++b)
        squares += static_cast<double>((detail::map_array(x, shape, b, c) - mean).square().sum());
      moments.data[c] = mean;
      moments.data[shape.channels + c] = static_cast<S>(squares / count);
    }
  });
}

/// `y = weight (x - mean) / sqrt(variance + eps) + bias`, channel by channel; moments as above.
template <Real S>
void op_batch_norm_forward(const Space&, const Shape& shape, VectorView<const S> moments,
                           double eps, VectorView<const S> weight, VectorView<const S> bias,
                           MatrixView<const S> x, MatrixView<S> y) {
  detail::for_channels(shape, x.cols, [&](Index first, Index last) {
    for (Index c = first; c < last; ++c) {
      const S mean = moments.data[c];
      const S scale =
          weight.data[c] / std::sqrt(moments.data[shape.channels + c] + static_cast<S>(eps));
      const S shift = bias.data[c];
      for (Index b = 0; b < x.cols; ++b)
        detail::map_array(y, shape, b, c) =
            (detail::map_array(x, shape, b, c) - mean) * scale + shift;
    }
  });
}

/// The backward where the moments are those of this batch: with `h = (x - mean) / deviation`,
/// `dbias = sum dy`, `dweight = sum dy h`, and
/// `dx = weight / deviation (dy - mean of dy - h mean of dy h)`. An empty `dx` is not wanted.
template <Real S>
void op_batch_norm_backward(const Space&, const Shape& shape, VectorView<const S> moments,
                            double eps, VectorView<const S> weight, MatrixView<const S> x,
                            MatrixView<const S> dy, VectorView<S> dweight, VectorView<S> dbias,
                            Write write_params, MatrixView<S> dx, Write write_dx) {
  const auto count = static_cast<double>(shape.area() * x.cols);
  const auto put = [](S& to, S value, Write write) {
    to = write == Write::add ? to + value : value;
  };
  detail::for_channels(shape, x.cols, [&](Index first, Index last) {
    for (Index c = first; c < last; ++c) {
      const S mean = moments.data[c];
      const S per_deviation = 1 / std::sqrt(moments.data[shape.channels + c] + static_cast<S>(eps));
      double sum = 0;
      double with_x = 0;
      for (Index b = 0; b < x.cols; ++b) {
        const auto gradient = detail::map_array(dy, shape, b, c);
        sum += static_cast<double>(gradient.sum());
        with_x +=
            static_cast<double>((gradient * (detail::map_array(x, shape, b, c) - mean)).sum());
      }
      const auto of_weight = static_cast<S>(with_x * static_cast<double>(per_deviation));
      put(dweight.data[c], of_weight, write_params);
      put(dbias.data[c], static_cast<S>(sum), write_params);
      if (dx.empty()) continue;
      const S scale = weight.data[c] * per_deviation;
      const auto mean_gradient = static_cast<S>(sum / count);
      const S along = static_cast<S>(static_cast<double>(of_weight) / count) * per_deviation;
      for (Index b = 0; b < x.cols; ++b) {
        const auto value = scale * (detail::map_array(dy, shape, b, c) - mean_gradient -
                                    along * (detail::map_array(x, shape, b, c) - mean));
        auto to = detail::map_array(dx, shape, b, c);
        if (write_dx == Write::overwrite) {
          to = value;
        } else {
          to += value;
        }
      }
    }
  });
}

/// Moves running moments towards those of a batch of `count` elements a channel: `running +=
/// momentum (moment - running)`, the variance divided by `count - 1` for that, as PyTorch's is. Of
/// a single element there is no variance, and moments that are not finite are left out: the
/// running ones stay.
template <Real S>
void op_follow_moments(const Space&, VectorView<const S> moments, Index count, double momentum,
                       VectorView<S> running) {
  const Index channels = running.size / 2;
  const double unbiased = static_cast<double>(count) / static_cast<double>(count - 1);
  for (Index c = 0; c < channels; ++c) {
    const double mean = static_cast<double>(moments.data[c]);
    const double variance = static_cast<double>(moments.data[channels + c]) * unbiased;
    const auto follow = [&](S& value, double moment) {
      value = static_cast<S>(static_cast<double>(value) +
                             momentum * (moment - static_cast<double>(value)));
    };
    if (!kd::detail::is_finite(mean) || (count > 1 && !kd::detail::is_finite(variance))) continue;
    follow(running.data[c], mean);
    if (count > 1) follow(running.data[channels + c], variance);
  }
}

}  // namespace kd::cpu
