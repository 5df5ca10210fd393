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

/// The weights of the channels of every piece, packed; of the calling thread until its next ones.
template <Real S>
const S* packed_pieces(const ConvShape& shape, const Piece& piece, VectorView<const S> weight) {
  S* const packed = scratch<S, 1>(weight.size);
  for (Index first = 0; first < shape.out.channels; first += piece.channels)
    for_groups(first, std::min(first + piece.channels, shape.out.channels), shape.outs(),
               [&](Index group, Index from, Index to) {
                 const Index at = (group * shape.outs() + from) * shape.depth();
                 pack_weights(weight.data + at, to - from, shape.depth(), packed + at);
               });
  return packed;
}

/// The convolution, and unless `rectified` is empty `max(y, 0)`, which a task writes while what it
/// computed is in its cache.
template <Real S>
void forward(const ConvShape& shape, VectorView<const S> weight, VectorView<const S> bias,
             MatrixView<const S> x, MatrixView<S> y, MatrixView<S> rectified) {
  const bool as_it_lies = shape.is_pointwise();
  const Index depth = shape.depth();
  const Index area = shape.out.area();
  const Piece piece = piece_of(shape, x.cols);
  const Planes planes(Band(shape, 0, as_it_lies ? shape.out.height : piece.rows).shape);
  const Index* const offsets = offsets_of(shape, planes);
  const Shape maps{std::min(piece.channels, shape.outs()), piece.rows, shape.out.width};
  const bool in_places = by_places<S>(maps, planes.pitch - shape.out.width, depth, x.cols);
  const Index* const places =
      in_places ? places_of(maps.height, maps.width, planes.pitch, scratch<Index, 1>(maps.area()))
                : nullptr;
  const S* const packed = in_places ? packed_pieces(shape, piece, weight) : nullptr;
  const auto run = [&](Index sample, Index row, Index first) {
    const Index last = std::min(first + piece.channels, shape.out.channels);
    const Index rows = std::min(piece.rows, shape.out.height - row);
    const Index elements = rows * shape.out.width;
    const Band band(shape, row, rows);
    const Index behind = planes.whole_strip - planes.strip;  // what is read behind the planes
    const Index of_planes = as_it_lies ? 0 : shape.ins() * planes.channel() + behind;
    const bool straight_into_y = as_it_lies && !in_places;
    const Index of_strips = straight_into_y ? 0 : shape.outs() * planes.whole_strip;
    S* const room = scratch<S>(of_planes + of_strips);
    S* const strips = room + of_planes;
    for_groups(first, last, shape.outs(), [&](Index group, Index from, Index to) {
      const auto map = [&](Index i) {
        return map_of(x, sample, group * shape.ins() + i, shape.in);
      };
      if (!as_it_lies)
        for (Index i = 0; i < shape.ins(); ++i)
          spread(band.shape, planes, map(i) + band.skipped * shape.in.width,
                 room + i * planes.channel());
      const S* const source = as_it_lies ? map(0) + row * shape.in.width : room;
      const Index channel = group * shape.outs() + from;
      const S* const w = weight.data + channel * depth;
      const S* const b = bias.empty() ? nullptr : bias.data + channel;
      const Index begin = sample * y.rows + channel * area + row * shape.out.width;
      S* const result = y.data + begin;
      if (in_places) {
        multiply_places<S>(packed + channel * depth, to - from, depth, b, source, offsets, places,
                           elements, strips);
        transpose<S>({strips, to - from, elements}, result, area);
      } else if (straight_into_y) {
        multiply(source, offsets, w, depth, to - from, b, result, area, elements);
      } else {
        multiply(source, offsets, w, depth, to - from, b, strips, planes.whole_strip,
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

}  // namespace kd::cpu::conv
