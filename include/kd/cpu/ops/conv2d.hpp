// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/conv_input_phases.hpp"
#include "kd/cpu/conv_planes.hpp"
#include "kd/cpu/conv_products.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace conv {

/// Output channels of a task where there are few samples to share.
inline constexpr Index channels_a_task = 24;
inline constexpr Index few_samples = 4;

/// What a convolution of `samples` costs, as `parallel_for` counts.
inline double work(const ConvShape& shape, Index samples) {
  return 0.2 * static_cast<double>(samples * shape.out.features() * shape.depth());
}

/// Calls `body(sample, first, last)` for every sample and pieces of its channels, spread over the
/// threads. What a piece computes does not depend on the pieces.
template <class Body>
void for_samples(Index samples, Index channels, double work, Body&& body) {
  const Index piece = samples < few_samples ? std::min(channels, channels_a_task) : channels;
  const Index pieces = (channels + piece - 1) / piece;
  parallel_for(samples * pieces, work / static_cast<double>(samples * pieces), [&](Index task) {
    const Index first = task % pieces * piece;
    body(task / pieces, first, std::min(channels, first + piece));
  });
}

/// Calls `body(group, first, last)` for the channels [first, last) that lie in one group, counted
/// within it; `size` channels are a group.
template <class Body>
void for_groups(Index first, Index last, Index size, Body&& body) {
  while (first < last) {
    const Index group = first / size;
    const Index end = std::min(last, (group + 1) * size);
    body(group, first - group * size, end - group * size);
    first = end;
  }
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

}  // namespace conv

/// `y[o] = bias[o] + sum over the channels i of its group and the window of w[o][i] x[i]`, a
/// cross-correlation as PyTorch's. weight: (out, in / groups, height, width), row-major; bias:
/// (out) or empty; x and y: (channels * height * width, batch).
template <Real S>
void op_conv2d_forward(const Space&, const ConvShape& shape, VectorView<const S> weight,
                       VectorView<const S> bias, MatrixView<const S> x, MatrixView<S> y) {
  const conv::Planes planes(shape);
  const Index* const offsets = conv::offsets_of(shape, planes);
  const Index area = shape.out.area();
  const auto run = [&](Index sample, Index first, Index last) {
    const S* const maps = x.data + sample * x.rows;
    S* const out = y.data + sample * y.rows;
    const bool as_it_lies = shape.is_pointwise();
    S* const room =
        scratch<S>(as_it_lies ? 0 : shape.ins() * planes.channel() + shape.outs() * planes.strip);
    Index spread_group = -1;
    conv::for_groups(first, last, shape.outs(), [&](Index group, Index from, Index to) {
      const S* const group_maps = maps + group * shape.ins() * shape.in.area();
      const Index channel = group * shape.outs() + from;
      const S* const w = weight.data + channel * shape.depth();
      S* const result = out + channel * area;
      if (as_it_lies) {
        conv::multiply(group_maps, offsets, w, shape.depth(), to - from, result, area, area);
      } else {
        if (group != std::exchange(spread_group, group))
          for (Index i = 0; i < shape.ins(); ++i)
            conv::spread(shape, planes, group_maps + i * shape.in.area(),
                         room + i * planes.channel());
        S* const strips = room + shape.ins() * planes.channel();
        conv::multiply<S>(room, offsets, w, shape.depth(), to - from, strips, planes.strip,
                          planes.strip);
        for (Index c = 0; c < to - from; ++c)
          for (Index row = 0; row < shape.out.height; ++row)
            std::copy_n(strips + c * planes.strip + row * planes.pitch, shape.out.width,
                        result + c * area + row * shape.out.width);
      }
    });
    if (!bias.empty())
      for (Index c = first; c < last; ++c)
        array(VectorView<S>(out + c * area, area)) += bias.data[c];
  };
  conv::for_samples(x.cols, shape.out.channels, conv::work(shape, x.cols), run);
}

/// The gradient at the weights and the bias: `dw[o][i] = sum over samples and places of dy[o]
/// x[i]`, `db[o] = sum of dy[o]`, each written or added as told. An empty `dbias` is not wanted.
template <Real S>
void op_conv2d_backward_params(const Space&, const ConvShape& shape, MatrixView<const S> x,
                               MatrixView<const S> dy, VectorView<S> dweight, VectorView<S> dbias,
                               Write write) {
  constexpr Index most = 1 << 16;  // elements at a time: they stay in the second cache
  const conv::Planes one(shape);
  const Index of_sample = shape.in.channels * one.channel() + shape.out.channels * one.size();
  const conv::Planes planes(shape, std::clamp<Index>(most / of_sample, 1, x.cols));
  const Index* const offsets = conv::offsets_of(shape, planes);
  const Index strips = planes.samples * planes.size();  // of an output channel
  S* const from_x = scratch<S>(planes.samples * of_sample);
  S* const from_dy = from_x + shape.in.channels * planes.channel();
  for (Index begin = 0; begin < x.cols; begin += planes.samples) {
    const Index samples = std::min(planes.samples, x.cols - begin);
    const Index size = (samples - 1) * planes.size() + planes.strip;
    parallel_for(shape.in.channels + shape.out.channels, static_cast<double>(size),
                 [&](Index channel) {
                   for (Index b = 0; b < samples; ++b) {
                     const Index at = b * planes.size();
                     if (channel < shape.in.channels) {
                       conv::spread(shape, planes, conv::map_of(x, begin + b, channel, shape.in),
                                    from_x + channel * planes.channel() + at);
                     } else {
                       const Index o = channel - shape.in.channels;
                       conv::spread_strip(shape, planes, conv::map_of(dy, begin + b, o, shape.out),
                                          from_dy + o * strips + at, planes.size());
                     }
                   }
                 });
    const Write write_part = begin == 0 ? write : Write::add;
    const Index piece = std::min<Index>(4, shape.outs());
    const Index pieces = (shape.outs() + piece - 1) / piece;
    parallel_for(shape.groups * pieces, conv::work(shape, samples), [&](Index task) {
      const Index group = task / pieces;
      const Index first = group * shape.outs() + task % pieces * piece;
      const Index last = std::min(first + piece, (group + 1) * shape.outs());
      conv::dots<S>(from_dy + first * strips, strips, last - first,
                    from_x + group * shape.ins() * planes.channel(), offsets, shape.depth(), size,
                    dweight.data + first * shape.depth(), shape.depth(), write_part);
    });
  }
  if (dbias.empty()) return;
  const Index area = shape.out.area();
  parallel_for(shape.out.channels, static_cast<double>(dy.cols * area), [&](Index o) {
    S sum = write == Write::add ? dbias.data[o] : S(0);
    for (Index b = 0; b < dy.cols; ++b)
      sum += array(VectorView<const S>(conv::map_of(dy, b, o, shape.out), area)).sum();
    dbias.data[o] = sum;
  });
}

/// The gradient at the inputs: `dx[i] = sum over the outputs o of its group and the window of
/// w[o][i] dy[o]`, written or added as told.
template <Real S>
void op_conv2d_backward_input(const Space&, const ConvShape& shape, VectorView<const S> weight,
                              MatrixView<const S> dy, MatrixView<S> dx, Write write) {
  const conv::InputPhases<S> phases(shape, weight);
  const auto run = [&](Index sample, Index first, Index last) {
    S* const room = scratch<S>(shape.outs() * phases.plane() + shape.ins() * phases.strip());
    S* const strips = room + shape.outs() * phases.plane();
    Index spread_group = -1;
    conv::for_groups(first, last, shape.ins(), [&](Index group, Index from, Index to) {
      if (group != std::exchange(spread_group, group))
        for (Index o = 0; o < shape.outs(); ++o)
          phases.spread(conv::map_of(dy, sample, group * shape.outs() + o, shape.out),
                        room + o * phases.plane());
      S* const maps = dx.data + sample * dx.rows + group * shape.ins() * shape.in.area();
      phases.for_each([&](const conv::InputPhase<S>& phase) {
        conv::multiply<S>(room, phase.offsets,
                          phase.weight + (group * shape.ins() + from) * phase.depth, phase.depth,
                          to - from, strips, phases.strip(), phase.size);
        for (Index c = from; c < to; ++c)
          phases.gather(phase, strips + (c - from) * phases.strip(), maps + c * shape.in.area(),
                        write);
      });
    });
  };
  conv::for_samples(dy.cols, shape.in.channels, conv::work(shape, dy.cols), run);
}

}  // namespace kd::cpu
