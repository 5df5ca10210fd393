// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/conv_input_phases.hpp"
#include "kd/cpu/conv_planes.hpp"
#include "kd/cpu/conv_products.hpp"
#include "kd/cpu/conv_weights.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace conv {

/// Output channels of a task where there are few samples to share.
inline constexpr Index channels_a_task = 24;
inline constexpr Index few_samples = 4;

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
    const Index of_planes = shape.ins() * planes.channel() + planes.whole_strip - planes.strip;
    S* const room = scratch<S>(as_it_lies ? 0 : of_planes + shape.outs() * planes.whole_strip);
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
        S* const strips = room + of_planes;
        conv::multiply<S>(room, offsets, w, shape.depth(), to - from, strips, planes.whole_strip,
                          planes.whole_strip);
        for (Index c = 0; c < to - from; ++c)
          conv::copy_rows(strips + c * planes.whole_strip, planes.pitch, result + c * area,
                          shape.out.width, shape.out.height, shape.out.width);
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
  if (shape.outs() >= simd::width<S>) {
    conv::weights_by_outer_products(shape, x, dy, dweight, write);
  } else {
    conv::weights_by_dots(shape, x, dy, dweight, write);
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
  const bool as_it_lies = shape.is_pointwise() && write == Write::overwrite;
  const auto run = [&](Index sample, Index first, Index last) {
    S* const room = scratch<S>(phases.planes() + shape.ins() * phases.strip());
    S* const strips = room + phases.planes();
    Index spread_group = -1;
    conv::for_groups(first, last, shape.ins(), [&](Index group, Index from, Index to) {
      S* const maps = dx.data + sample * dx.rows + group * shape.ins() * shape.in.area();
      const Index channel = group * shape.ins() + from;
      if (as_it_lies) {
        phases.for_each([&](const conv::InputPhase<S>& phase) {
          conv::multiply<S>(conv::map_of(dy, sample, group * shape.outs(), shape.out),
                            phase.offsets, phase.weight + channel * phase.depth, phase.depth,
                            to - from, maps + from * phases.plane(), phases.plane(),
                            phases.plane());
        });
        return;
      }
      if (group != std::exchange(spread_group, group))
        for (Index o = 0; o < shape.outs(); ++o)
          phases.spread(conv::map_of(dy, sample, group * shape.outs() + o, shape.out),
                        room + o * phases.plane());
      phases.for_each([&](const conv::InputPhase<S>& phase) {
        conv::multiply<S>(room, phase.offsets, phase.weight + channel * phase.depth, phase.depth,
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
