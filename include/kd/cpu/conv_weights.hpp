// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/cache_line.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/conv_places.hpp"
#include "kd/cpu/conv_planes.hpp"
#include "kd/cpu/conv_products.hpp"
#include "kd/cpu/scratch.hpp"

/// The gradient of a convolution at its weights, `dw[o][k] = sum of dy[o][p] x[p + offset(k)]` over
/// the places p of all samples, in two ways.
namespace kd::cpu::conv {

/// Samples that are worked on at a time, so that what is copied of them stays in the second cache.
inline Index samples_together(Index elements_of_a_sample, Index batch) {
  constexpr Index elements = 1 << 16;
  return std::max<Index>(1, std::min(batch, elements / elements_of_a_sample));
}

/// Vectors along the output channels, which are brought side by side: nothing is added up within a
/// vector. For groups that fill one.
template <Real S>
void weights_by_outer_products(const ConvShape& shape, MatrixView<const S> x,
                               MatrixView<const S> dy, VectorView<S> dweight, Write write) {
  constexpr Index taps_a_task = 2 * tile_channels;
  const Planes planes(shape);
  const Index* const offsets = offsets_of(shape, planes);
  const Index of_x = shape.in.channels * planes.channel();
  const Index together = samples_together(of_x + shape.out.features(), x.cols);
  S* const sums = scratch<S>(dweight.size + together * (of_x + shape.out.features()));
  S* const spread_x = sums + dweight.size;
  S* const turned_dy = spread_x + together * of_x;
  std::fill_n(sums, dweight.size, S(0));
  for (Index begin = 0; begin < x.cols; begin += together) {
    const Index samples = std::min(together, x.cols - begin);
    parallel_for(samples, 2. * static_cast<double>(of_x + shape.out.features()), [&](Index b) {
      for (Index i = 0; i < shape.in.channels; ++i)
        spread(shape, planes, map_of(x, begin + b, i, shape.in),
               spread_x + b * of_x + i * planes.channel());
      transpose<S>({dy.data + (begin + b) * dy.rows, shape.out.area(), shape.out.channels},
                   turned_dy + b * dy.rows, shape.out.channels);
    });
    const Index pieces = (shape.depth() + taps_a_task - 1) / taps_a_task;
    parallel_for(shape.groups * pieces, work(shape, samples) / static_cast<double>(pieces),
                 [&](Index task) {
                   const Index group = task / pieces;
                   const Index first = task % pieces * taps_a_task;
                   const Index taps = std::min(taps_a_task, shape.depth() - first);
                   S* const to = sums + first * shape.out.channels + group * shape.outs();
                   for (Index b = 0; b < samples; ++b)
                     outer(turned_dy + b * dy.rows + group * shape.outs(), shape.out.channels,
                           shape.outs(), shape.out.height, shape.out.width,
                           spread_x + b * of_x + group * shape.ins() * planes.channel(),
                           offsets + first, taps, planes.pitch, to);
                 });
  }
  const auto all = map(MatrixView<const S>(sums, shape.out.channels, shape.depth()));
  for (Index group = 0; group < shape.groups; ++group) {
    const Index first = group * shape.outs();
    const auto turned = all.middleRows(first, shape.outs()).transpose();
    auto to = map(MatrixView<S>(dweight.data + first * shape.depth(), shape.depth(), shape.outs()));
    if (write == Write::overwrite) {
      to = turned;
    } else {
      to += turned;
    }
  }
}

/// Vectors along the places. For groups of few output channels, as a depthwise convolution has.
template <Real S>
void weights_by_dots(const ConvShape& shape, MatrixView<const S> x, MatrixView<const S> dy,
                     VectorView<S> dweight, Write write) {
  const Planes one(shape);
  const Index of_sample = shape.in.channels * one.channel() + shape.out.channels * one.size();
  const Planes planes(shape, samples_together(of_sample, x.cols));
  const Index* const offsets = offsets_of(shape, planes);
  // Of an output channel; each begins on a cache line, since it is read often.
  const Index strips = kd::detail::whole_cache_lines<S>(planes.samples * planes.size());
  S* const from_dy = scratch<S>(shape.out.channels * strips + shape.in.channels * planes.channel());
  S* const from_x = from_dy + shape.out.channels * strips;
  for (Index begin = 0; begin < x.cols; begin += planes.samples) {
    const Index samples = std::min(planes.samples, x.cols - begin);
    const Index size = (samples - 1) * planes.size() + planes.strip;
    parallel_for(shape.in.channels + shape.out.channels, static_cast<double>(size),
                 [&](Index channel) {
                   for (Index b = 0; b < samples; ++b) {
                     const Index at = b * planes.size();
                     if (channel < shape.in.channels) {
                       spread(shape, planes, map_of(x, begin + b, channel, shape.in),
                              from_x + channel * planes.channel() + at);
                     } else {
                       const Index o = channel - shape.in.channels;
                       spread_strip(shape, planes, map_of(dy, begin + b, o, shape.out),
                                    from_dy + o * strips + at, planes.size());
                     }
                   }
                 });
    parallel_for(shape.groups, work(shape, samples) / static_cast<double>(shape.groups),
                 [&](Index group) {
                   dots<S>(from_dy + group * shape.outs() * strips, strips, shape.outs(),
                           from_x + group * shape.ins() * planes.channel(), offsets, shape.depth(),
                           size, dweight.data + group * shape.outs() * shape.depth(), shape.depth(),
                           begin == 0 ? write : Write::add);
                 });
  }
}

}  // namespace kd::cpu::conv
