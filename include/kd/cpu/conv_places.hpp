// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/cache_line.hpp"
#include "kd/core/matrix.hpp"
#include "kd/cpu/conv_pieces.hpp"
#include "kd/cpu/conv_products.hpp"
#include "kd/cpu/products.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/simd.hpp"

/// The products of a convolution with vectors along the output channels, which lie side by side, as
/// their weights do. A strip (see conv_planes.hpp) has elements between its rows that are dropped,
/// of small maps half of all; here none is, but weights are packed before and results transposed
/// after. An element's sum has the same order in both: results are the same bit for bit.
namespace kd::cpu::conv {

/// What the vectors of a product run along.
enum class Along { places, channels };

/// Whether vectors along the channels of `maps` pay: the channels fill them, a strip, whose rows
/// are `border` elements longer than the maps', is longer than the map by more than a sixteenth,
/// and what is packed and transposed is used often enough for that.
template <Real S>
bool by_places(const Shape& maps, Index border, Index depth, Index samples) {
  constexpr Index channels = 2 * simd::width<S>, elements = 64, often = 64;
  const Index strip = maps.area() + (maps.height - 1) * border;
  return maps.channels >= channels && depth >= elements && samples * maps.area() >= often &&
         16 * kd::detail::whole_cache_lines<float>(strip) > 17 * maps.area();
}

/// Where the elements of a map of `rows` x `columns` lie in a plane with rows of `pitch`.
inline const Index* places_of(Index rows, Index columns, Index pitch, Index* to) {
  for (Index i = 0; i < rows * columns; ++i) to[i] = i / columns * pitch + i % columns;
  return to;
}

/// `to = from^T`, whose columns begin `to_stride` apart.
template <Real S>
void transpose(MatrixView<const S> from, S* to, Index to_stride) {
#if KD_HAS_VECTORS
  products::transpose(from, to, to_stride);
#else
  for (Index j = 0; j < from.cols; ++j)
    for (Index i = 0; i < from.rows; ++i) to[j + i * to_stride] = from.data[i + j * from.rows];
#endif
}

/// Channels of a block of packed weights. Those of a row lie side by side and belong to the same
/// element of the sum: a tile reads its block from one end to the other. The last has what is left.
template <Real S>
inline constexpr Index block_channels{tile_vectors * simd::width<S>};

/// Packs the weights of `channels` channels, (channels, depth) row-major, into such blocks.
template <Real S>
void pack_weights(const S* from, Index channels, Index depth, S* to) {
  for (Index c = 0; c < channels; c += block_channels<S>) {
    const Index width = std::min(block_channels<S>, channels - c);
    transpose<S>({from + c * depth, depth, width}, to + c * depth, width);
  }
}

/// `y[p][c] = bias[c] + sum_k w[k][c] x[places[p] + offsets[k]]` for `V` vectors of `N` channels of
/// a block of `width` and `P` places, whose results are `channels` apart; no bias is 0.
template <Index N, Index V, Index P, Real S>
[[gnu::always_inline]] inline void place_tile(const S* w, Index width, Index depth, const S* bias,
                                              const S* x, const Index* offsets, const Index* places,
                                              S* y, Index channels) {
  simd::Array<simd::Array<simd::Vector<S, N>, V>, P> sum = {};
  if (bias != nullptr)
    for (Index p = 0; p < P; ++p)
      for (Index v = 0; v < V; ++v) sum[p][v] = simd::load<N>(bias + v * N);
  simd::Array<const S*, P> from;
  for (Index p = 0; p < P; ++p) from[p] = x + places[p];
  for (Index k = 0; k < depth; ++k, w += width) {
    simd::Array<simd::Vector<S, N>, V> weight;
    for (Index v = 0; v < V; ++v) weight[v] = simd::load<N>(w + v * N);
    for (Index p = 0; p < P; ++p) {
      const S element = from[p][offsets[k]];
      for (Index v = 0; v < V; ++v) simd::add_product(sum[p][v], weight[v], element);
    }
  }
  for (Index p = 0; p < P; ++p)
    for (Index v = 0; v < V; ++v) simd::store(sum[p][v], y + p * channels + v * N);
}

/// The same for the block's channels from `c` on: wide tiles first, then ever narrower ones.
template <Index N, Index V, Index P, Real S>
inline void place_block(const S* w, Index width, Index depth, const S* bias, const S* x,
                        const Index* offsets, const Index* places, S* y, Index channels, Index c) {
  for (; c + N * V <= width; c += N * V)
    place_tile<N, V, P>(w + c, width, depth, bias == nullptr ? bias : bias + c, x, offsets, places,
                        y + c, channels);
  if (c == width) return;
  if constexpr (V > 1) {
    place_block<N, V - 1, P>(w, width, depth, bias, x, offsets, places, y, channels, c);
  } else if constexpr (N > 1) {
    place_block<N / 2, 1, P>(w, width, depth, bias, x, offsets, places, y, channels, c);
  }
}

/// The same for all channels, whose weights were packed, and `count` places.
template <Real S>
void multiply_places(const S* w, Index channels, Index depth, const S* bias, const S* x,
                     const Index* offsets, const Index* places, Index count, S* y) {
  for (Index c = 0; c < channels; c += block_channels<S>) {
    const Index width = std::min(block_channels<S>, channels - c);
    Index p = 0;
    const auto next = [&]<Index P>() {
      place_block<simd::width<S>, tile_vectors, P>(w + c * depth, width, depth,
                                                   bias == nullptr ? bias : bias + c, x, offsets,
                                                   places + p, y + p * channels + c, channels, 0);
      p += P;
    };
    while (p + tile_channels <= count) next.template operator()<tile_channels>();
    while (p + 3 <= count) next.template operator()<3>();
    while (p < count) next.template operator()<1>();
  }
}

}  // namespace kd::cpu::conv
