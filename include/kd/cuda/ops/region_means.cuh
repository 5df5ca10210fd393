// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/shape.hpp"
#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

/// One side of maps that is cut into `grid` parts, as PyTorch's adaptive pools cut: where sizes do
/// not divide, neighbours share a row or column.
struct GridAxis {
  Index extent;
  Index grid;

  __device__ __forceinline__ Index begin(Index part) const { return part * extent / grid; }
  __device__ __forceinline__ Index end(Index part) const {
    return ((part + 1) * extent + grid - 1) / grid;
  }
  __device__ __forceinline__ Index length(Index part) const { return end(part) - begin(part); }
  __device__ __forceinline__ bool has(Index part, Index at) const {
    return begin(part) <= at && at < end(part);
  }
};

struct GridCells {
  Index channels;
  GridAxis rows;
  GridAxis cols;

  GridCells(const Shape& maps, Index grid)
      : channels(maps.channels), rows{maps.height, grid}, cols{maps.width, grid} {}
  __device__ __forceinline__ Index area() const { return rows.extent * cols.extent; }
  __device__ __forceinline__ Index count() const { return rows.grid * cols.grid; }
};

template <Real S>
struct RegionMeans {
  GridCells cells;
  const S* x;
  S* out;

  template <int>
  __device__ void apply(Index i) const {
    const Index channel = i % cells.channels;
    const Index cell = i / cells.channels % cells.count();
    const Index sample = i / cells.channels / cells.count();
    const Index part = cell / cells.cols.grid;
    const Index across = cell % cells.cols.grid;
    const S* const map = x + (sample * cells.channels + channel) * cells.area();
    S sum = 0;
    for (Index y = cells.rows.begin(part); y < cells.rows.end(part); ++y)
      for (Index at = cells.cols.begin(across); at < cells.cols.end(across); ++at)
        sum += map[y * cells.cols.extent + at];
    out[i] = sum / static_cast<S>(cells.rows.length(part) * cells.cols.length(across));
  }
};

/// An element gathers from the cells that it lies in, in their order: no two threads add to one
/// sum.
template <Real S>
struct RegionMeansBackward {
  GridCells cells;
  const S* dout;
  S* dx;

  template <int>
  __device__ void apply(Index i) const {
    const Index channel = i / cells.area() % cells.channels;
    const Index sample = i / cells.area() / cells.channels;
    const Index y = i / cells.cols.extent % cells.rows.extent;
    const Index at = i % cells.cols.extent;
    S sum = dx[i];
    for (Index part = 0; part < cells.rows.grid; ++part) {
      if (!cells.rows.has(part, y)) continue;
      for (Index across = 0; across < cells.cols.grid; ++across) {
        if (!cells.cols.has(across, at)) continue;
        const Index cell = part * cells.cols.grid + across;
        sum += dout[(sample * cells.count() + cell) * cells.channels + channel] /
               static_cast<S>(cells.rows.length(part) * cells.cols.length(across));
      }
    }
    dx[i] = sum;
  }
};

}  // namespace detail

/// `out[c, b grid^2 + r]` = mean of channel c of sample b over cell r of `grid` x `grid`: each cell
/// becomes a sample of its own. x: (features, batch), out: (channels, grid^2 batch).
template <Real S>
void op_region_means(const Space& space, const Shape& maps, Index grid,
                     MatrixView<const S, Space> x, MatrixView<S, Space> out) {
  detail::for_each_alone(space, "region means", out.size(),
                         detail::RegionMeans<S>{detail::GridCells(maps, grid), x.data, out.data});
}

/// Adds the gradient at x to `dx`.
template <Real S>
void op_region_means_backward(const Space& space, const Shape& maps, Index grid,
                              MatrixView<const S, Space> dout, MatrixView<S, Space> dx) {
  detail::for_each_alone(
      space, "region means backward", dx.size(),
      detail::RegionMeansBackward<S>{detail::GridCells(maps, grid), dout.data, dx.data});
}

}  // namespace kd::cuda
