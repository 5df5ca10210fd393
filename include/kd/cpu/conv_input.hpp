// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/conv_input_phases.hpp"
#include "kd/cpu/conv_pieces.hpp"
#include "kd/cpu/conv_places.hpp"
#include "kd/cpu/conv_planes.hpp"
#include "kd/cpu/conv_products.hpp"
#include "kd/cpu/scratch.hpp"

/// The gradient of a convolution at its inputs, as its forward product in two ways.
namespace kd::cpu::conv {

/// Of maps that fill vectors.
template <Real S>
void input_strips(const ConvShape& shape, VectorView<const S> weight, MatrixView<const S> dy,
                  MatrixView<S> dx, Write write) {
  const InputPhases<S> phases(shape, weight, Along::places);
  const bool as_it_lies = shape.is_pointwise() && write == Write::overwrite;
  const Piece piece = whole_maps(shape.in, dy.cols);
  const auto run = [&](Index sample, Index, Index first) {
    const Index last = std::min(first + piece.channels, shape.in.channels);
    S* const room = scratch<S>(phases.planes() + shape.ins() * phases.strip());
    S* const strips = room + phases.planes();
    Index spread_group = -1;
    for_groups(first, last, shape.ins(), [&](Index group, Index from, Index to) {
      S* const maps = dx.data + sample * dx.rows + group * shape.ins() * shape.in.area();
      const Index channel = group * shape.ins() + from;
      if (as_it_lies) {
        phases.for_each([&](const InputPhase<S>& phase) {
          multiply<S>(map_of(dy, sample, group * shape.outs(), shape.out), phase.offsets,
                      phase.weight + channel * phase.depth, phase.depth, to - from, nullptr,
                      maps + from * phases.plane(), phases.plane(), phases.plane());
        });
        return;
      }
      if (group != std::exchange(spread_group, group)) phases.spread(dy, sample, group, room);
      phases.for_each([&](const InputPhase<S>& phase) {
        multiply<S>(room, phase.offsets, phase.weight + channel * phase.depth, phase.depth,
                    to - from, nullptr, strips, phases.strip(), phase.size);
        for (Index c = from; c < to; ++c)
          phases.gather(phase, strips + (c - from) * phases.strip(), phases.pitch(),
                        maps + c * shape.in.area(), write);
      });
    });
  };
  for_pieces(piece, shape.in, dy.cols, work(shape, dy.cols), run);
}

/// Of many samples with small maps.
template <Real S>
void input_places(const ConvShape& shape, VectorView<const S> weight, MatrixView<const S> dy,
                  MatrixView<S> dx, Write write) {
  const InputPhases<S> phases(shape, weight, Along::channels);
  const bool as_it_lies = shape.is_pointwise();
  const Index ins = shape.ins();
  const Index area = shape.in.area();
  const auto run = [&](Index sample) {
    S* const room = scratch<S>(phases.planes() + 2 * ins * area);
    S* const sums = room + phases.planes();
    S* const strips = sums + ins * area;
    for (Index group = 0; group < shape.groups; ++group) {
      S* const maps = dx.data + sample * dx.rows + group * ins * area;
      if (!as_it_lies) phases.spread(dy, sample, group, room);
      phases.for_each([&](const InputPhase<S>& phase) {
        multiply_places<S>(phase.weight + group * ins * phase.depth, ins, phase.depth, nullptr,
                           as_it_lies ? map_of(dy, sample, group * shape.outs(), shape.out) : room,
                           phase.offsets, phase.places, phase.count(), sums);
        const bool all = phase.count() == area && write == Write::overwrite;
        transpose<S>({sums, ins, phase.count()}, all ? maps : strips, phase.count());
        if (all) return;
        for (Index c = 0; c < ins; ++c)
          phases.gather(phase, strips + c * phase.count(), phase.columns(), maps + c * area, write);
      });
    }
  };
  parallel_for(dy.cols, work(shape, dy.cols) / static_cast<double>(dy.cols), run);
}

/// The gradient at the inputs, in the way that is quicker for the shape.
template <Real S>
void input(const ConvShape& shape, VectorView<const S> weight, MatrixView<const S> dy,
           MatrixView<S> dx, Write write) {
  const Index stride = shape.stride;
  const Shape phase{shape.ins(), (shape.in.height + stride - 1) / stride,
                    (shape.in.width + stride - 1) / stride};
  const Index depth = shape.outs() * shape.taps() / (stride * stride);
  if (by_places<S>(phase, (shape.width - 1) / stride, depth, dy.cols)) {
    input_places(shape, weight, dy, dx, write);
  } else {
    input_strips(shape, weight, dy, dx, write);
  }
}

}  // namespace kd::cpu::conv
