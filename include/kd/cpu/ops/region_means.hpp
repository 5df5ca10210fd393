// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/core/shape.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// Calls `body(cell, region)` for maps that are cut into `grid` x `grid` cells, row by row, as
/// PyTorch's adaptive pools cut: where sizes do not divide, neighbours share a row or column.
/// `region(map)` is a cell as a block of a map.
template <class Body>
void for_cells(const Shape& maps, Index grid, Body&& body) {
  const auto begin = [&](Index i, Index size) { return i * size / grid; };
  const auto end = [&](Index i, Index size) { return ((i + 1) * size + grid - 1) / grid; };
  for (Index i = 0; i < grid; ++i) {
    for (Index j = 0; j < grid; ++j) {
      const Index top = begin(i, maps.height), left = begin(j, maps.width);
      const Index rows = end(i, maps.height) - top, cols = end(j, maps.width) - left;
      body(i * grid + j,
           [=](auto map) { return map.block(left, top, cols, rows); });  // a row is a column there
    }
  }
}

}  // namespace detail

/// `out[c, b grid^2 + r]` = mean of channel c of sample b over cell r of `grid` x `grid`: each cell
/// becomes a sample of its own. x: (features, batch), out: (channels, grid^2 batch).
template <Real S>
void op_region_means(const Space&, const Shape& maps, Index grid, MatrixView<const S> x,
                     MatrixView<S> out) {
  parallel_for(x.cols, static_cast<double>(x.rows), [&](Index b) {
    for (Index c = 0; c < maps.channels; ++c) {
      const MatrixView<const S> one{x.data + b * x.rows + c * maps.area(), maps.width, maps.height};
      detail::for_cells(maps, grid, [&](Index cell, const auto& region) {
        out.data[(b * grid * grid + cell) * out.rows + c] = region(map(one)).mean();
      });
    }
  });
}

/// Adds the gradient at x to `dx`.
template <Real S>
void op_region_means_backward(const Space&, const Shape& maps, Index grid, MatrixView<const S> dout,
                              MatrixView<S> dx) {
  parallel_for(dx.cols, static_cast<double>(dx.rows), [&](Index b) {
    for (Index c = 0; c < maps.channels; ++c) {
      const MatrixView<S> one{dx.data + b * dx.rows + c * maps.area(), maps.width, maps.height};
      detail::for_cells(maps, grid, [&](Index cell, const auto& region) {
        auto block = region(map(one));
        block.array() +=
            dout.data[(b * grid * grid + cell) * dout.rows + c] / static_cast<S>(block.size());
      });
    }
  });
}

}  // namespace kd::cpu
