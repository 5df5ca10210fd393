// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/put.hpp"
#include "kd/cpu/simd.hpp"

/// The products of a convolution, whose factors are strips of the same planes from different places
/// on (see conv_planes.hpp). As those of kd/cpu/products.hpp they read both factors where they are.
namespace kd::cpu::conv {

/// Vectors and output channels of a tile: its sums, one vector of each kind and a weight fit the
/// registers. Channels by themselves have more vectors, so that no sum waits for the one before.
inline constexpr Index tile_vectors = simd::many_registers ? 3 : 2;
inline constexpr Index tile_channels = simd::many_registers ? 8 : 6;
inline constexpr Index lone_vectors = 8;

/// `y[c][p] = bias[c] + sum_k w[c][k] x[p + offsets[k]]` for `V` vectors of `N` elements from p = 0
/// on and `C` output channels, whose weights are `depth` apart; no bias is 0.
template <Index N, Index V, Index C, Real S>
[[gnu::always_inline]] inline void tile(const S* x, const Index* offsets, const S* w, Index depth,
                                        const S* bias, S* y, Index y_stride) {
  simd::Array<simd::Array<simd::Vector<S, N>, V>, C> sum = {};
  if (bias != nullptr)
    for (Index c = 0; c < C; ++c)
      for (Index v = 0; v < V; ++v) sum[c][v] = simd::spread<N>(bias[c]);
  for (Index k = 0; k < depth; ++k) {
    simd::Array<simd::Vector<S, N>, V> strip;
    for (Index v = 0; v < V; ++v) strip[v] = simd::load<N>(x + offsets[k] + v * N);
    for (Index c = 0; c < C; ++c) {
      const S weight = w[c * depth + k];
      for (Index v = 0; v < V; ++v) simd::add_product(sum[c][v], strip[v], weight);
    }
  }
  for (Index c = 0; c < C; ++c)
    for (Index v = 0; v < V; ++v) simd::store(sum[c][v], y + c * y_stride + v * N);
}

/// The same for the elements from `p` to `last`: wide tiles first, then ever narrower ones.
template <Index N, Index V, Index C, Real S>
inline void strip(const S* x, const Index* offsets, const S* w, Index depth, const S* bias, S* y,
                  Index y_stride, Index p, Index last) {
  for (; p + N * V <= last; p += N * V)
    tile<N, V, C>(x + p, offsets, w, depth, bias, y + p, y_stride);
  if (p == last) return;
  if constexpr (V > 1) {
    strip<N, V / 2, C>(x, offsets, w, depth, bias, y, y_stride, p, last);
  } else if constexpr (N > 1) {
    strip<N / 2, 1, C>(x, offsets, w, depth, bias, y, y_stride, p, last);
  }
}

/// The same for `channels` output channels.
template <Real S>
void multiply(const S* x, const Index* offsets, const S* w, Index depth, Index channels,
              const S* bias, S* y, Index y_stride, Index size) {
  constexpr Index N = simd::width<S>;
  Index c = 0;
  const auto next = [&]<Index V, Index C>() {
    strip<N, V, C>(x, offsets, w + c * depth, depth, bias == nullptr ? bias : bias + c,
                   y + c * y_stride, y_stride, 0, size);
    c += C;
  };
  // Two tiles of four where six would leave two.
  while (channels - c >= tile_channels && (channels - c) % tile_channels != 2)
    next.template operator()<tile_vectors, tile_channels>();
  while (channels - c >= 4) next.template operator()<tile_vectors, 4>();
  while (channels - c >= 2) next.template operator()<2 * tile_vectors, 2>();
  if (channels > c) next.template operator()<lone_vectors, 1>();
}

/// `y[o][k] (+)= a[o] . x[offsets[k]]`, products of strips of `size` elements, for `O` output
/// channels and `K` taps.
template <Index O, Index K, Real S>
[[gnu::always_inline]] inline void dot_tile(const S* a, Index a_stride, const S* x,
                                            const Index* offsets, Index size, S* y, Index y_stride,
                                            Write write) {
  constexpr Index N = simd::width<S>;
  simd::Array<simd::Array<simd::Vector<S, N>, O>, K> sum = {};
  Index p = 0;
  for (; p + N <= size; p += N) {
    simd::Array<simd::Vector<S, N>, O> column;
    for (Index o = 0; o < O; ++o) column[o] = simd::load<N>(a + o * a_stride + p);
    for (Index k = 0; k < K; ++k) {
      const auto strip = simd::load<N>(x + offsets[k] + p);
      for (Index o = 0; o < O; ++o) simd::add_product(sum[k][o], column[o], strip);
    }
  }
  for (Index k = 0; k < K; ++k) {
    simd::Array<S, O> totals;
    if constexpr (O > 1 && O <= N) {
      simd::store(simd::sums<S, N, O>(sum[k]), totals);
    } else {
      for (Index o = 0; o < O; ++o) totals[o] = simd::sum_of<N, S>(sum[k][o]);
    }
    for (Index o = 0; o < O; ++o) {
      for (Index rest = p; rest < size; ++rest)
        simd::add_product(totals[o], a[o * a_stride + rest], x[offsets[k] + rest]);
      detail::put(totals[o], y[o * y_stride + k], write);
    }
  }
}

/// The same for `channels` output channels and `taps` taps, in tiles whose sums fit the registers.
template <Real S>
void dots(const S* a, Index a_stride, Index channels, const S* x, const Index* offsets, Index taps,
          Index size, S* y, Index y_stride, Write write) {
  const auto row = [&]<Index O>(Index o) {
    constexpr Index most = O == 1 || simd::many_registers ? 4 : 2;
    Index k = 0;
    const auto next = [&]<Index K>() {
      dot_tile<O, K>(a + o * a_stride, a_stride, x, offsets + k, size, y + o * y_stride + k,
                     y_stride, write);
      k += K;
    };
    while (k + most <= taps) next.template operator()<most>();
    while (k < taps) next.template operator()<1>();
  };
  Index o = 0;
  for (; o + 4 <= channels; o += 4) row.template operator()<4>(o);
  for (; o < channels; ++o) row.template operator()<1>(o);
}

/// `y[k][o] += sum over a map's elements of dy[element][o] x[element + offsets[k]]` for `V` vectors
/// of `N` output channels and `K` taps: of the maps' rows, `columns` elements each, those of x
/// begin `pitch` apart. `y` and `dy` have `outs` channels side by side.
template <Index N, Index V, Index K, Real S>
[[gnu::always_inline]] inline void outer_tile(const S* dy, Index outs, Index rows, Index columns,
                                              const S* x, const Index* offsets, Index pitch, S* y) {
  simd::Array<simd::Array<simd::Vector<S, N>, V>, K> sum = {};
  for (Index row = 0; row < rows; ++row)
    for (Index i = 0; i < columns; ++i, dy += outs) {
      simd::Array<simd::Vector<S, N>, V> gradient;
      for (Index v = 0; v < V; ++v) gradient[v] = simd::load<N>(dy + v * N);
      for (Index k = 0; k < K; ++k) {
        const S element = x[offsets[k] + row * pitch + i];
        for (Index v = 0; v < V; ++v) simd::add_product(sum[k][v], gradient[v], element);
      }
    }
  for (Index k = 0; k < K; ++k)
    for (Index v = 0; v < V; ++v) {
      S* const to = y + k * outs + v * N;
      simd::store(simd::load<N>(to) + sum[k][v], to);
    }
}

/// The same for output channels from `o` to `last`: wide tiles first, then ever narrower ones.
template <Index N, Index V, Index K, Real S>
inline void outer_channels(const S* dy, Index outs, Index rows, Index columns, const S* x,
                           const Index* offsets, Index pitch, S* y, Index o, Index last) {
  for (; o + N * V <= last; o += N * V)
    outer_tile<N, V, K>(dy + o, outs, rows, columns, x, offsets, pitch, y + o);
  if (o == last) return;
  if constexpr (V > 1) {
    outer_channels<N, V - 1, K>(dy, outs, rows, columns, x, offsets, pitch, y, o, last);
  } else if constexpr (N > 1) {
    outer_channels<N / 2, 1, K>(dy, outs, rows, columns, x, offsets, pitch, y, o, last);
  }
}

/// The same for `channels` output channels and `taps` taps.
template <Real S>
void outer(const S* dy, Index outs, Index channels, Index rows, Index columns, const S* x,
           const Index* offsets, Index taps, Index pitch, S* y) {
  Index k = 0;
  const auto next = [&]<Index K>() {
    outer_channels<simd::width<S>, tile_vectors, K>(dy, outs, rows, columns, x, offsets + k, pitch,
                                                    y + k * outs, 0, channels);
    k += K;
  };
  while (k + tile_channels <= taps) next.template operator()<tile_channels>();
  while (k + 3 <= taps) next.template operator()<3>();
  while (k < taps) next.template operator()<1>();
}

}  // namespace kd::cpu::conv
