// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/cpu/simd.hpp"

/// One kernel for the three products of a fully connected layer.
///
/// A general matrix product first packs both factors, which pays when each is used often. In a
/// training step the weights are used once for every few samples, so that packing them costs as
/// much as multiplying. This kernel reads both factors where they are: a tile of results stays in
/// registers over the whole sum, one factor gives vectors, the other single numbers.
#if KD_HAS_VECTORS
namespace kd::cpu::products {

/// Vectors and columns of a tile: its results, one vector of each kind and a number fit the
/// registers.
inline constexpr Index tile_vectors = simd::many_registers ? 3 : 2;
inline constexpr Index tile_columns = simd::many_registers ? 8 : 6;

/// Numbers `s(k, c)` at `data[k * k_stride + c * c_stride]`: a matrix or its transpose.
template <Real S>
struct Factors {
  const S* data;
  Index k_stride;
  Index c_stride;

  Factors from(Index c) const { return {data + c * c_stride, k_stride, c_stride}; }
};

/// `y[:, c] (+)= sum_k s(k, c) a[:, k]` for `V` vectors of `N` rows and `C` columns.
///
/// Inlined by force: called, it would keep its sums in memory.
template <Index N, Index V, Index C, Real S>
[[gnu::always_inline]] inline void tile(const S* a, Index a_stride, Factors<S> s, Index depth, S* y,
                                        Index y_stride, Write write) {
  simd::Vector<S, N> sum[C][V] = {};
  if (write == Write::add)
    for (Index c = 0; c < C; ++c)
      for (Index v = 0; v < V; ++v) sum[c][v] = simd::load<N>(y + c * y_stride + v * N);
  for (Index k = 0; k < depth; ++k) {
    simd::Vector<S, N> column[V];
    for (Index v = 0; v < V; ++v) column[v] = simd::load<N>(a + k * a_stride + v * N);
    for (Index c = 0; c < C; ++c) {
      const S factor = s.data[k * s.k_stride + c * s.c_stride];
      for (Index v = 0; v < V; ++v) sum[c][v] += column[v] * factor;
    }
  }
  for (Index c = 0; c < C; ++c)
    for (Index v = 0; v < V; ++v) simd::store(sum[c][v], y + c * y_stride + v * N);
}

/// The same for all rows: wide tiles first, then ever narrower ones.
template <Index N, Index V, Index C, Real S>
inline void rows(MatrixView<const S> a, Factors<S> s, S* y, Index row, Index last, Write write) {
  for (; row + N * V <= last; row += N * V)
    tile<N, V, C>(a.data + row, a.rows, s, a.cols, y + row, a.rows, write);
  if (row == last) return;
  if constexpr (V > 1) {
    rows<N, V - 1, C>(a, s, y, row, last, write);
  } else if constexpr (N > 1) {
    rows<N / 2, 1, C>(a, s, y, row, last, write);
  }
}

/// `y (+)= a s` on rows `[row, last)` and columns `[col, end)`: a (rows, depth), s (depth, cols).
template <Real S>
void multiply(MatrixView<const S> a, Factors<S> s, MatrixView<S> y, Index row, Index last,
              Index col, Index end, Write write) {
  constexpr Index N = simd::width<S>;
  for (; col + tile_columns <= end; col += tile_columns)
    rows<N, tile_vectors, tile_columns>(a, s.from(col), y.data + col * y.rows, row, last, write);
  if (col + 4 <= end) {
    rows<N, tile_vectors, 4>(a, s.from(col), y.data + col * y.rows, row, last, write);
    col += 4;
  }
  for (; col < end; ++col)
    rows<N, tile_vectors, 1>(a, s.from(col), y.data + col * y.rows, row, last, write);
}

/// `to = from^T`, a cache line of every four columns at a time.
template <Real S>
void transpose(MatrixView<const S> from, MatrixView<S> to) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(S));
  const Index whole_rows = from.rows / 4 * 4;
  const Index whole_cols = from.cols / 4 * 4;
  for (Index first = 0; first < whole_rows; first += line)
    for (Index j = 0; j < whole_cols; j += 4)
      for (Index i = first; i < whole_rows && i < first + line; i += 4)
        simd::transpose4(from.data + i + j * from.rows, from.rows, to.data + j + i * to.rows,
                         to.rows);
  const auto copy_rest = [&](Index first_row, Index first_col, Index last_col) {
    for (Index j = first_col; j < last_col; ++j)
      for (Index i = first_row; i < from.rows; ++i)
        to.data[j + i * to.rows] = from.data[i + j * from.rows];
  };
  copy_rest(whole_rows, 0, whole_cols);
  copy_rest(0, whole_cols, from.cols);
}

}  // namespace kd::cpu::products
#endif
