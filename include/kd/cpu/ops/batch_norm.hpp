// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "kd/core/finite.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/core/shape.hpp"
#include "kd/cpu/put.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// Samples that one thread sums up by itself; their sums are added in their order, so that the
/// number of threads changes nothing.
inline constexpr Index samples_a_piece = 4;

/// Calls `body(piece, first, last)` for a few samples at a time, spread over the threads: maps are
/// read as they lie, sample after sample.
template <class Body>
void for_pieces(const Shape& shape, Index batch, Body&& body) {
  const Index pieces = (batch + samples_a_piece - 1) / samples_a_piece;
  parallel_for(pieces, 2. * static_cast<double>(samples_a_piece * shape.features()),
               [&](Index piece) {
                 const Index first = piece * samples_a_piece;
                 body(piece, first, std::min(batch, first + samples_a_piece));
               });
}

/// The map of a channel of a sample.
template <Real S>
auto map_array(MatrixView<S> x, const Shape& shape, Index sample, Index channel) {
  return array(VectorView<S>(x.data + sample * x.rows + channel * shape.area(), shape.area()));
}

/// Calls `body(i, of_channel(c))` for every element i of a sample, of channel c: in loops that
/// compilers make vectors of, along maps or, where those have one element, along channels.
template <class OfChannel, class Body>
void for_elements(const Shape& shape, OfChannel&& of_channel, Body&& body) {
  const Index area = shape.area();
  if (area == 1) {
    for (Index c = 0; c < shape.channels; ++c) body(c, of_channel(c));
    return;
  }
  for (Index c = 0; c < shape.channels; ++c) {
    const auto channel = of_channel(c);
    for (Index i = c * area; i < (c + 1) * area; ++i) body(i, channel);
  }
}

/// Two sums of every channel, of one piece of the batch or of all.
struct ChannelSums {
  double* first;
  double* second;

  /// Piece `piece` of several that lie one behind the other.
  ChannelSums(double* all, Index channels, Index piece)
      : first(all + 2 * piece * channels), second(first + channels) {}
};

/// Room for the sums of every piece of a batch.
inline double* sums_of_pieces(Index channels, Index batch) {
  return scratch<double>(2 * channels * ((batch + samples_a_piece - 1) / samples_a_piece));
}

/// Joins the means and the squared distances from them of two sets, `old` and `more` elements
/// (Chan, Golub and LeVeque, 1979).
inline void join_moments(double& mean, double& squares, double old, double other_mean,
                         double other_squares, double more) {
  const double distance = other_mean - mean;
  const double share = more / (old + more);
  mean += distance * share;
  squares += other_squares + distance * distance * old * share;
}

/// `sum dy` and `sum dy (x - mean)` of every channel.
template <Real S>
ChannelSums sum_gradients(const Shape& shape, VectorView<const S> means, MatrixView<const S> x,
                          MatrixView<const S> dy) {
  const Index channels = shape.channels;
  double* const all = sums_of_pieces(channels, x.cols);
  for_pieces(shape, x.cols, [&](Index piece, Index first, Index last) {
    const ChannelSums sums(all, channels, piece);
    std::fill_n(sums.first, 2 * channels, 0.);
    for (Index b = first; b < last; ++b) {
      if (shape.area() == 1) {
        for (Index c = 0; c < channels; ++c) {
          const S gradient = dy.data[b * dy.rows + c];
          sums.first[c] += static_cast<double>(gradient);
          sums.second[c] +=
              static_cast<double>(gradient * (x.data[b * x.rows + c] - means.data[c]));
        }
        continue;
      }
      for (Index c = 0; c < channels; ++c) {
        const auto gradient = map_array(dy, shape, b, c);
        sums.first[c] += static_cast<double>(gradient.sum());
        sums.second[c] +=
            static_cast<double>((gradient * (map_array(x, shape, b, c) - means.data[c])).sum());
      }
    }
  });
  const ChannelSums total(all, channels, 0);
  for (Index piece = 1; piece * samples_a_piece < x.cols; ++piece) {
    const ChannelSums sums(all, channels, piece);
    for (Index c = 0; c < 2 * channels; ++c) total.first[c] += sums.first[c];
  }
  return total;
}

}  // namespace detail

/// The mean and the variance (divided by their number) of every channel over the batch:
/// moments: (2 * channels), the means first; x: (features, batch). One pass: the squares of a map
/// are those of the distances from its own mean, and what maps differ by is added to them.
template <Real S>
void op_batch_moments(const Space&, const Shape& shape, MatrixView<const S> x,
                      VectorView<S> moments) {
  const Index channels = shape.channels;
  const Index area = shape.area();
  const auto elements = static_cast<double>(area);
  double* const all = detail::sums_of_pieces(channels, x.cols);
  detail::for_pieces(shape, x.cols, [&](Index piece, Index first, Index last) {
    const detail::ChannelSums sums(all, channels, piece);
    std::fill_n(sums.first, 2 * channels, 0.);
    for (Index b = first; b < last; ++b) {
      const double before = elements * static_cast<double>(b - first);
      const S* const sample = x.data + b * x.rows;
      if (area == 1) {
        for (Index c = 0; c < channels; ++c)
          detail::join_moments(sums.first[c], sums.second[c], before,
                               static_cast<double>(sample[c]), 0, 1);
        continue;
      }
      for (Index c = 0; c < channels; ++c) {
        const auto map = detail::map_array(x, shape, b, c);
        const S mean = map.sum() / static_cast<S>(area);
        detail::join_moments(sums.first[c], sums.second[c], before, static_cast<double>(mean),
                             static_cast<double>((map - mean).square().sum()), elements);
      }
    }
  });
  const detail::ChannelSums total(all, channels, 0);
  for (Index piece = 1; piece * detail::samples_a_piece < x.cols; ++piece) {
    const Index first = piece * detail::samples_a_piece;
    const Index last = std::min(x.cols, first + detail::samples_a_piece);
    const detail::ChannelSums sums(all, channels, piece);
    for (Index c = 0; c < channels; ++c)
      detail::join_moments(total.first[c], total.second[c], elements * static_cast<double>(first),
                           sums.first[c], sums.second[c],
                           elements * static_cast<double>(last - first));
  }
  const double count = elements * static_cast<double>(x.cols);
  for (Index c = 0; c < channels; ++c) {
    moments.data[c] = static_cast<S>(total.first[c]);
    moments.data[channels + c] = static_cast<S>(total.second[c] / count);
  }
}

/// `y = weight (x - mean) / sqrt(variance + eps) + bias`, channel by channel; moments as above.
template <Real S>
void op_batch_norm_forward(const Space&, const Shape& shape, VectorView<const S> moments,
                           double eps, VectorView<const S> weight, VectorView<const S> bias,
                           MatrixView<const S> x, MatrixView<S> y) {
  struct Channel {
    S mean, scale, shift;
  };
  const Index channels = shape.channels;
  S* const scales = scratch<S>(channels);
  for (Index c = 0; c < channels; ++c)
    scales[c] = weight.data[c] / std::sqrt(moments.data[channels + c] + static_cast<S>(eps));
  const auto channel = [&](Index c) { return Channel{moments.data[c], scales[c], bias.data[c]}; };
  detail::for_pieces(shape, x.cols, [&](Index, Index first, Index last) {
    for (Index b = first; b < last; ++b)
      detail::for_elements(
          shape, channel,
          [from = x.data + b * x.rows, to = y.data + b * y.rows](Index i, const Channel& k) {
            to[i] = (from[i] - k.mean) * k.scale + k.shift;
          });
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
  const Index channels = shape.channels;
  const detail::ChannelSums sums = detail::sum_gradients(shape, moments.slice(0, channels), x, dy);
  struct Channel {
    S mean, scale, mean_gradient, along;
  };
  const auto count = static_cast<double>(shape.area() * x.cols);
  Channel* const all = scratch<Channel>(channels);
  for (Index c = 0; c < channels; ++c) {
    const S per_deviation = 1 / std::sqrt(moments.data[channels + c] + static_cast<S>(eps));
    const auto of_weight = static_cast<S>(sums.second[c] * static_cast<double>(per_deviation));
    const auto of_bias = static_cast<S>(sums.first[c]);
    detail::put(of_weight, dweight.data[c], write_params);
    detail::put(of_bias, dbias.data[c], write_params);
    all[c] = {moments.data[c], weight.data[c] * per_deviation,
              static_cast<S>(sums.first[c] / count),
              static_cast<S>(static_cast<double>(of_weight) / count) * per_deviation};
  }
  if (dx.empty()) return;
  const auto channel = [all](Index c) { return all[c]; };
  detail::for_pieces(shape, x.cols, [&](Index, Index first, Index last) {
    for (Index b = first; b < last; ++b) {
      const S* const input = x.data + b * x.rows;
      const S* const gradient = dy.data + b * dy.rows;
      S* const to = dx.data + b * dx.rows;
      const auto value = [=](Index i, const Channel& k) {
        return k.scale * (gradient[i] - k.mean_gradient - k.along * (input[i] - k.mean));
      };
      if (write_dx == Write::overwrite)
        detail::for_elements(shape, channel,
                             [=](Index i, const Channel& k) { to[i] = value(i, k); });
      else
        detail::for_elements(shape, channel,
                             [=](Index i, const Channel& k) { to[i] += value(i, k); });
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
