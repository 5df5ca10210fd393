// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/conv_shape.hpp"
#include "kd/core/parallel.hpp"

/// How a convolution is shared out to threads.
namespace kd::cpu::conv {

/// What a task computes of a sample: rows of output maps, and of how many channels.
struct Piece {
  Index rows;
  Index channels;
};

/// Samples that are too few to keep the threads busy.
inline constexpr Index few_samples = 4;

/// Whole maps, of few samples some of them.
inline Piece whole_maps(const Shape& maps, Index samples) {
  constexpr Index channels_a_task = 32;
  return {maps.height,
          samples < few_samples ? std::min(channels_a_task, maps.channels) : maps.channels};
}

/// Few samples are cut up: large maps by rows, so that a core takes the same part of every layer's
/// maps, which lies in its cache; small ones by channels, whose weights are more than their maps.
inline Piece piece_of(const ConvShape& shape, Index samples) {
  constexpr Index elements = 128, most_bands = 4;
  if (samples >= few_samples) return {shape.out.height, shape.out.channels};
  const Index bands = std::min({shape.out.area() / elements, shape.out.height, most_bands});
  // A window that sees the border alone would have no row to begin with.
  const bool all_see_maps = (shape.out.height - 1) * shape.stride - shape.top < shape.in.height;
  if (bands > 1 && all_see_maps)
    return {(shape.out.height + bands - 1) / bands, shape.out.channels};
  return whole_maps(shape.out, samples);
}

/// Calls `body(sample, row, channel)`, where its part begins, for every piece of every sample,
/// spread over the threads. What an element becomes does not depend on the pieces.
template <class Body>
void for_pieces(const Piece& piece, const Shape& maps, Index samples, double work, Body&& body) {
  const Index bands = (maps.height + piece.rows - 1) / piece.rows;
  const Index pieces = (maps.channels + piece.channels - 1) / piece.channels * bands;
  parallel_for(samples * pieces, work / static_cast<double>(samples * pieces), [&](Index task) {
    const Index i = task % pieces;
    body(task / pieces, i % bands * piece.rows, i / bands * piece.channels);
  });
}

/// The convolution that gives `rows` rows from `row` on, of maps that begin `skipped` rows later.
struct Band {
  Band(const ConvShape& whole, Index row, Index rows) : shape(whole) {
    skipped = std::max(Index{0}, row * whole.stride - whole.top);
    shape.out.height = rows;
    shape.in.height -= skipped;
    shape.top += skipped - row * whole.stride;
  }
  ConvShape shape;
  Index skipped;
};

/// Calls `body(group, first, last)` for the channels [first, last) that lie in one group, counted
/// within it; `size` channels are a group.
template <class Body>
void for_groups(Index first, Index last, Index size, Body&& body) {
  while (first < last) {
    const Index group = first / size;
    const Index end = std::min(last, (group + 1) * size);
    body(group, first - group * size, end - group * size);
    first = end;
  }
}

}  // namespace kd::cpu::conv
