// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/conv_input_phases.hpp"
#include "kd/cpu/conv_pieces.hpp"
#include "kd/cpu/conv_planes.hpp"
#include "kd/cpu/conv_products.hpp"
#include "kd/cpu/conv_weights.hpp"
#include "kd/cpu/ops/relu.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace conv {

/// The convolution, and unless `rectified` is empty `max(y, 0)`, which a task writes while what it
/// computed is in its cache.
template <Real S>
void forward(const ConvShape& shape, VectorView<const S> weight, VectorView<const S> bias,
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
          copy_rows(strips + c * planes.whole_strip, planes.pitch, result + c * area,
                    shape.out.width, rows, shape.out.width);
      }
      if (rectified.empty()) return;
      for (Index c = 0; c < to - from; ++c)
        detail::rectify(result + c * area, rectified.data + begin + c * area, elements);
    });
  };
  for_pieces(piece, shape.out, x.cols, work(shape, x.cols), run);
}

}  // namespace conv

/// `y[o] = bias[o] + sum over the channels i of its group and the window of w[o][i] x[i]`, a
/// cross-correlation as PyTorch's. weight: (out, in / groups, height, width), row-major; bias:
/// (out) or empty; x and y: (channels * height * width, batch).
template <Real S>
void op_conv2d_forward(const Space&, const ConvShape& shape, VectorView<const S> weight,
                       VectorView<const S> bias, MatrixView<const S> x, MatrixView<S> y) {
  conv::forward(shape, weight, bias, x, y, {});
}

/// The same, and `z = max(y, 0)`.
template <Real S>
void op_conv2d_relu_forward(const Space&, const ConvShape& shape, VectorView<const S> weight,
                            VectorView<const S> bias, MatrixView<const S> x, MatrixView<S> y,
                            MatrixView<S> z) {
  conv::forward(shape, weight, bias, x, y, z);
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
  const conv::Piece piece = conv::whole_maps(shape.in, dy.cols);
  const auto run = [&](Index sample, Index, Index first) {
    const Index last = std::min(first + piece.channels, shape.in.channels);
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
                            to - from, nullptr, maps + from * phases.plane(), phases.plane(),
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
                          to - from, nullptr, strips, phases.strip(), phase.size);
        for (Index c = from; c < to; ++c)
          phases.gather(phase, strips + (c - from) * phases.strip(), maps + c * shape.in.area(),
                        write);
      });
    });
  };
  conv::for_pieces(piece, shape.in, dy.cols, conv::work(shape, dy.cols), run);
}

}  // namespace kd::cpu
