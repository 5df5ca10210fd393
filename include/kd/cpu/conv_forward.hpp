// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/conv_pieces.hpp"
#include "kd/cpu/conv_places.hpp"
#include "kd/cpu/conv_planes.hpp"
#include "kd/cpu/conv_products.hpp"
#include "kd/cpu/ops/relu.hpp"
#include "kd/cpu/scratch.hpp"

namespace kd::cpu::conv {

/// Of maps that fill vectors.
template <Real S>
void forward_strips(const ConvShape& shape, VectorView<const S> weight, VectorView<const S> bias,
                    MatrixView<const S> x, MatrixView<S> y, MatrixView<S> rectified) {
  const bool as_it_lies = shape.is_pointwise();
  const Piece piece = piece_of(shape, x.cols);
  const Planes planes(Band(shape, 0, as_it_lies ? shape.out.height : piece.rows).shape);
  const Index* const offsets = offsets_of(shape, planes);
  const Index area = shape.out.area();
  const auto run = [&](Index sample, Index row, Index first) {
    const Index last = std::min(first + piece.channels, shape.out.channels);
    const Index rows = std::min(piece.rows, shape.out.height - row);
    const Band band(shape, row, rows);
    const Index behind = planes.whole_strip - planes.strip;  // what is read behind the planes
    const Index of_planes = as_it_lies ? 0 : shape.ins() * planes.channel() + behind;
    S* const room = scratch<S>(of_planes + (as_it_lies ? 0 : shape.outs() * planes.whole_strip));
    S* const strips = room + of_planes;
    for_groups(first, last, shape.outs(), [&](Index group, Index from, Index to) {
      const Index channel = group * shape.outs() + from;
      const auto map = [&](Index i) {
        return map_of(x, sample, group * shape.ins() + i, shape.in);
      };
      const S* const w = weight.data + channel * shape.depth();
      const S* const b = bias.empty() ? nullptr : bias.data + channel;
      const Index begin = sample * y.rows + channel * area + row * shape.out.width;
      const Index elements = rows * shape.out.width;
      S* const result = y.data + begin;
      if (as_it_lies) {
        multiply(map(0) + row * shape.in.width, offsets, w, shape.depth(), to - from, b, result,
                 area, elements);
      } else {
        for (Index i = 0; i < shape.ins(); ++i)
          spread(band.shape, planes, map(i) + band.skipped * shape.in.width,
                 room + i * planes.channel());
        multiply<S>(room, offsets, w, shape.depth(), to - from, b, strips, planes.whole_strip,
                    planes.whole_strip);
        for (Index c = 0; c < to - from; ++c)
          copy_rows(strips + c * planes.whole_strip, planes.pitch, 1, result + c * area,
                    shape.out.width, rows, shape.out.width);
      }
      if (rectified.empty()) return;
      for (Index c = 0; c < to - from; ++c)
        detail::rectify(result + c * area, rectified.data + begin + c * area, elements);
    });
  };
  for_pieces(piece, shape.out, x.cols, work(shape, x.cols), run);
}

/// Of many samples with small maps.
template <Real S>
void forward_places(const ConvShape& shape, VectorView<const S> weight, VectorView<const S> bias,
                    MatrixView<const S> x, MatrixView<S> y, MatrixView<S> rectified) {
  const bool as_it_lies = shape.is_pointwise();
  const Planes planes(shape);
  const Index* const offsets = offsets_of(shape, planes);
  const Index area = shape.out.area();
  Index* const places = scratch<Index, 1>(area);
  places_of(shape.out.height, shape.out.width, planes.pitch, places);
  const Index of_group = shape.outs() * shape.depth();
  S* const turned = scratch<S, 1>(weight.size);
  for (Index at = 0; at < weight.size; at += of_group)
    turn_weights(weight.data + at, shape.outs(), shape.depth(), turned + at);
  const auto run = [&](Index sample) {
    S* const room = scratch<S>(shape.ins() * planes.channel() + area * shape.outs());
    S* const sums = room + shape.ins() * planes.channel();
    for (Index group = 0; group < shape.groups; ++group) {
      const auto map = [&](Index i) {
        return map_of(x, sample, group * shape.ins() + i, shape.in);
      };
      if (!as_it_lies)
        for (Index i = 0; i < shape.ins(); ++i)
          spread(shape, planes, map(i), room + i * planes.channel());
      multiply_places<S>(turned + group * of_group, shape.outs(), shape.depth(),
                         bias.empty() ? nullptr : bias.data + group * shape.outs(),
                         as_it_lies ? map(0) : room, offsets, places, area, sums);
      const Index begin = sample * y.rows + group * shape.outs() * area;
      transpose<S>({sums, shape.outs(), area}, {y.data + begin, area, shape.outs()});
      if (!rectified.empty())
        detail::rectify(y.data + begin, rectified.data + begin, shape.outs() * area);
    }
  };
  parallel_for(x.cols, work(shape, x.cols) / static_cast<double>(x.cols), run);
}

/// The convolution, and unless `rectified` is empty `max(y, 0)`, which a task writes while what it
/// computed is in its cache.
template <Real S>
void forward(const ConvShape& shape, VectorView<const S> weight, VectorView<const S> bias,
             MatrixView<const S> x, MatrixView<S> y, MatrixView<S> rectified) {
  const Shape maps{shape.outs(), shape.out.height, shape.out.width};
  if (by_places<S>(maps, (shape.width - 1) / shape.stride, shape.depth(), x.cols)) {
    forward_places(shape, weight, bias, x, y, rectified);
  } else {
    forward_strips(shape, weight, bias, x, y, rectified);
  }
}

}  // namespace kd::cpu::conv
