// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/core/cache_line.hpp"
#include "kd/core/matrix.hpp"
#include "kd/cpu/prefetch.hpp"
#include "kd/cpu/simd.hpp"

/// One kernel for the three products of a fully connected layer.
///
/// A general matrix product first packs both factors, which pays when each is used often. In a
/// training step the weights are used once for every few samples, so that packing them costs as
/// much as multiplying. This kernel reads both factors where they are: a tile of results stays in
/// registers over the whole sum, one factor gives vectors, the other scalars.
#if KD_HAS_VECTORS
namespace kd::cpu::products {

/// Vectors and columns of a tile: its results, one vector of each kind and a scalar fit the
/// registers.
inline constexpr Index tile_vectors = simd::many_registers ? 3 : 2;
inline constexpr Index tile_columns = simd::many_registers ? 8 : 6;

/// Numbers `s(k, c)` at `data[k * k_stride + c * c_stride]`: a matrix or its transpose.
template <Real S>
struct Factors {
  const S* data;
  Index k_stride;
  Index c_stride;

  Factors at(Index k, Index c) const {
    return {data + k * k_stride + c * c_stride, k_stride, c_stride};
  }
};

/// `y[:, c] (+)= sum_k s(k, c) a[:, k]` for `V` vectors of `N` rows and `C` columns.
///
/// Inlined by force: called, it would keep its sums in memory.
template <Index N, Index V, Index C, Real S>
[[gnu::always_inline]] inline void tile(const S* a, Index a_stride, Factors<S> s, Index depth, S* y,
                                        Index y_stride, Write write) {
  simd::Array<simd::Array<simd::Vector<S, N>, V>, C> sum = {};
  if (write == Write::add)
    for (Index c = 0; c < C; ++c)
      for (Index v = 0; v < V; ++v) sum[c][v] = simd::load<N>(y + c * y_stride + v * N);
  for (Index k = 0; k < depth; ++k) {
    simd::Array<simd::Vector<S, N>, V> column;
    for (Index v = 0; v < V; ++v) column[v] = simd::load<N>(a + k * a_stride + v * N);
    for (Index c = 0; c < C; ++c) {
      const S factor = s.data[k * s.k_stride + c * s.c_stride];
      for (Index v = 0; v < V; ++v) simd::add_product(sum[c][v], column[v], factor);
    }
  }
  for (Index c = 0; c < C; ++c)
    for (Index v = 0; v < V; ++v) simd::store(sum[c][v], y + c * y_stride + v * N);
}

/// The same for all rows: wide tiles first, then ever narrower ones.
template <Index N, Index V, Index C, Real S>
inline void rows(MatrixView<const S> a, Factors<S> s, S* y, Index row, Index last, Write write) {
  constexpr Index ahead = 4 * N * V;
  for (; row + N * V <= last; row += N * V) {
    for (Index c = 0; c < C; ++c) prefetch_to_write(y + row + ahead + c * a.rows, N * V);
    tile<N, V, C>(a.data + row, a.rows, s, a.cols, y + row, a.rows, write);
  }
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
  const auto next = [&]<Index C>(std::integral_constant<Index, C>) {
    rows<simd::width<S>, tile_vectors, C>(a, s.at(0, col), y.data + col * y.rows, row, last, write);
    col += C;
  };
  while (end - col >= tile_columns) next(std::integral_constant<Index, tile_columns>());
  while (end - col >= 4) next(std::integral_constant<Index, 4>());
  while (end > col) next(std::integral_constant<Index, 1>());
}

/// Columns and samples of an `update`: its factors, one for each pair, fill the registers.
inline constexpr Index update_columns = simd::many_registers ? 12 : 6;
inline constexpr Index update_samples = 2;

/// `y[:, b] (+)= sum_c s(c, b) a[:, c]` for `C` columns of `a` and `B` columns of `y`, `count`
/// rows.
template <Index N, Index C, Index B, Real S>
[[gnu::always_inline]] inline void update_rows(const S* a, Index a_stride, Factors<S> s, S* y,
                                               Index y_stride, Index count, Write write) {
  simd::Array<simd::Array<simd::Vector<S, N>, B>, C> factor;
  for (Index c = 0; c < C; ++c)
    for (Index b = 0; b < B; ++b)
      factor[c][b] = simd::spread<N>(s.data[c * s.k_stride + b * s.c_stride]);
  for (; count >= N; count -= N, a += N, y += N) {
    simd::Array<simd::Vector<S, N>, B> sum = {};
    if (write == Write::add)
      for (Index b = 0; b < B; ++b) sum[b] = simd::load<N>(y + b * y_stride);
    for (Index c = 0; c < C; ++c) {
      const auto column = simd::load<N>(a + c * a_stride);
      for (Index b = 0; b < B; ++b) simd::add_product(sum[b], column, factor[c][b]);
    }
    for (Index b = 0; b < B; ++b) simd::store(sum[b], y + b * y_stride);
  }
  if constexpr (N > 1)
    if (count > 0) update_rows<N / 2, C, B>(a, a_stride, s, y, y_stride, count, write);
}

/// `y (+)= a s` on rows `[row, last)`, for an `a` whose columns lie far apart: a tile would read a
/// few numbers from each of many pages. So a few columns are read from end to end, and their
/// products added to all columns of `y`, while the next few come from memory.
template <Real S>
void update(MatrixView<const S> a, Factors<S> s, MatrixView<S> y, Index row, Index last,
            Write write) {
  Index k = 0;
  const auto next = [&]<Index C>(std::integral_constant<Index, C>) {
    const S* const columns = a.data + row + k * a.rows;
    const Index ahead = (last - row + y.cols - 1) / y.cols;  // rows to ask for with each sample
    Index b = 0;
    const auto samples = [&]<Index B>(std::integral_constant<Index, B>) {
      for (Index c = 0; c < C && k + C + c < a.cols; ++c)
        prefetch(columns + (C + c) * a.rows + b * ahead, B * ahead);
      update_rows<simd::width<S>, C, B>(columns, a.rows, s.at(k, b), y.data + row + b * y.rows,
                                        y.rows, last - row, write);
      b += B;
    };
    while (b + update_samples <= y.cols) samples(std::integral_constant<Index, update_samples>());
    while (b < y.cols) samples(std::integral_constant<Index, 1>());
    write = Write::add;
    k += C;
  };
  while (k + update_columns <= a.cols) next(std::integral_constant<Index, update_columns>());
  while (k + 2 <= a.cols) next(std::integral_constant<Index, 2>());
  while (k < a.cols) next(std::integral_constant<Index, 1>());
}

/// Outputs and samples of a tile of `dots`.
template <Real S>
inline constexpr Index dot_outputs = simd::width<S> < 4 ? simd::width<S> : 4;
inline constexpr Index dot_samples = simd::many_registers ? 4 : 2;

/// Adds to `y[b][o]` the products `a[:, o] . x[:, b]` over the rows from `k` on that fill vectors
/// of `N`; returns the row after them. The columns of `a` and `x` are `depth` long.
template <Index N, Index O, Index B, Real S>
[[gnu::always_inline]] inline Index dot_rows(const S* a, const S* x, Index k, Index depth,
                                             simd::Array<simd::Vector<S, O>, B>& y) {
  if (k + N > depth) return k;
  simd::Array<simd::Array<simd::Vector<S, N>, O>, B> sum = {};
  for (; k + N <= depth; k += N) {
    simd::Array<simd::Vector<S, N>, O> column;
    for (Index o = 0; o < O; ++o) {
      column[o] = simd::load<N>(a + k + o * depth);
      if constexpr (B > 1) simd::keep(column[o]);  // for one sample it is read as it is multiplied
    }
    for (Index b = 0; b < B; ++b) {
      auto sample = simd::load<N>(x + k + b * depth);
      simd::keep(sample);
      for (Index o = 0; o < O; ++o) simd::add_product(sum[b][o], column[o], sample);
    }
  }
  for (Index b = 0; b < B; ++b) y[b] += simd::sums<S, N, O>(sum[b]);
  return k;
}

/// `y[o, b] = a[:, o] . x[:, b] + bias[o]` for `O` outputs and `B` samples, vectors running along
/// the sum: nothing has to be transposed for it.
template <Index O, Index B, Real S>
[[gnu::always_inline]] inline void dot_tile(const S* a, const S* x, Index depth, const S* bias,
                                            S* y, Index y_stride) {
  constexpr Index N = simd::width<S>;
  simd::Array<simd::Vector<S, O>, B> results;
  for (Index b = 0; b < B; ++b) results[b] = simd::load<O>(bias);
  Index k = dot_rows<N, O, B>(a, x, 0, depth, results);
  if constexpr (N > 4) k = dot_rows<4, O, B>(a, x, k, depth, results);
  for (Index b = 0; b < B; ++b) {
    simd::store(results[b], y + b * y_stride);
    for (Index rest = k; rest < depth; ++rest)
      for (Index o = 0; o < O; ++o)
        simd::add_product(y[o + b * y_stride], a[rest + o * depth], x[rest + b * depth]);
  }
}

/// `y = a^T x + bias` for outputs `[from, to)` and samples `[first, last)`: a (depth, outputs),
/// x (depth, samples).
template <Real S>
void dots(MatrixView<const S> a, MatrixView<const S> x, VectorView<const S> bias, MatrixView<S> y,
          Index from, Index to, Index first, Index last) {
  const auto outputs = [&]<Index O>(Index o, std::integral_constant<Index, O>) {
    const auto samples = [&]<Index B>(Index b, std::integral_constant<Index, B>) {
      dot_tile<O, B>(a.data + o * a.rows, x.data + b * x.rows, a.rows, bias.data + o,
                     y.data + o + b * y.rows, y.rows);
    };
    Index b = first;
    for (; b + dot_samples <= last; b += dot_samples)
      samples(b, std::integral_constant<Index, dot_samples>());
    for (; b < last; ++b) samples(b, std::integral_constant<Index, 1>());
  };
  for (; from + dot_outputs<S> <= to; from += dot_outputs<S>)
    outputs(from, std::integral_constant<Index, dot_outputs<S>>());
  for (; from < to; ++from) outputs(from, std::integral_constant<Index, 1>());
}

/// `to = from^T`, whose columns begin `to_stride` apart, a cache line of every four columns of
/// `from` at a time.
template <Real S>
void transpose(MatrixView<const S> from, S* to, Index to_stride) {
  constexpr Index line = kd::detail::cache_line<S>;
  const Index whole_rows = from.rows / 4 * 4;
  const Index whole_cols = from.cols / 4 * 4;
  for (Index first = 0; first < whole_rows; first += line)
    for (Index j = 0; j < whole_cols; j += 4)
      for (Index i = first; i < whole_rows && i < first + line; i += 4)
        simd::transpose4(from.data + i + j * from.rows, from.rows, to + j + i * to_stride,
                         to_stride);
  const auto copy_rest = [&](Index first_row, Index first_col, Index last_col) {
    for (Index j = first_col; j < last_col; ++j)
      for (Index i = first_row; i < from.rows; ++i)
        to[j + i * to_stride] = from.data[i + j * from.rows];
  };
  copy_rest(whole_rows, 0, whole_cols);
  copy_rest(0, whole_cols, from.cols);
}

}  // namespace kd::cpu::products
#endif
