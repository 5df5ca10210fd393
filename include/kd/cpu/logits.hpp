// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/simd.hpp"

/// Logits (classes, batch) in the two ways that are fast.
///
/// With many classes a vector runs along the classes of one sample. With few it would be mostly
/// empty, so sixteen samples stand side by side and a vector runs across them. A block of either
/// kind is (Lanes, classes), the values of a class next to each other; a loss is written once for
/// both.
namespace kd::cpu {

/// One value for each sample of a block.
template <Real S, int Lanes>
struct PerSample {
  simd::Array<S, Lanes> values{};

  S& operator[](Index lane) { return values[lane]; }
  S operator[](Index lane) const { return values[lane]; }
};

/// Values that follow from others, `by_lanes<S, Lanes>([&](auto of) { return of(a) / of(b); })`:
/// `of` takes vectors of their lanes, so that what is read is as wide as what was written.
template <Real S, int Lanes, class F>
PerSample<S, Lanes> by_lanes(const F& f) {
  constexpr Index N = Lanes == 1 ? 1 : simd::width<S>;
  PerSample<S, Lanes> made;
  for (Index lane = 0; lane < Lanes; lane += N)
    simd::store(f([lane](const PerSample<S, Lanes>& x) { return simd::load<N>(x.values + lane); }),
                made.values + lane);
  return made;
}

template <Real S, int Lanes>
PerSample<S, Lanes> log(const PerSample<S, Lanes>& x) {
  PerSample<S, Lanes> y;
  if constexpr (Lanes == 1) {
    y[0] = std::log(x[0]);
  } else {
    using Values = Eigen::Array<S, Lanes, 1>;
    Values::Map(y.values) = Values::Map(x.values).log();
  }
  return y;
}

namespace detail {

/// Classes up to which samples stand side by side.
inline constexpr Index few_classes = 256;
inline constexpr int side_by_side = 16;

/// Sets samples side by side, (classes, count) to (Lanes, classes); lanes beyond repeat the last.
template <int Lanes, Real S>
void interleave(MatrixView<const S> logits, Index first, Index count, S* block) {
  for (Index l = 0; l < Lanes; ++l) {
    const S* const from = logits.data + (first + std::min<Index>(l, count - 1)) * logits.rows;
    for (Index c = 0; c < logits.rows; ++c) block[c * Lanes + l] = from[c];
  }
}

/// Writes or adds a block back to its samples.
template <int Lanes, Real S>
void separate(const S* block, Index first, Index count, MatrixView<S> logits, Write write) {
  for (Index l = 0; l < count; ++l) {
    S* const to = logits.data + (first + l) * logits.rows;
    if (write == Write::overwrite) {
      for (Index c = 0; c < logits.rows; ++c) to[c] = block[c * Lanes + l];
    } else {
      for (Index c = 0; c < logits.rows; ++c) to[c] += block[c * Lanes + l];
    }
  }
}

}  // namespace detail

/// Vectors of `N` elements at `first`, `first + stride`, ... of a block. With many lanes a vector
/// holds `N` of them from `lane` on, and one class; with one lane it holds `N` classes.
template <Index N>
struct Slice {
  Index first;
  Index count;
  Index stride;
  Index lane;
};

/// Calls `body(slice)` for slices that cover a block, each element once.
template <int Lanes, Real S, class Body>
void for_slices(Index classes, Body&& body) {
  constexpr Index N = simd::width<S>;
  if constexpr (Lanes == 1) {
    const Index whole = classes / N * N;
    body(Slice<N>{0, classes / N, N, 0});
    if (whole < classes) body(Slice<1>{whole, classes - whole, 1, 0});
  } else {
    static_assert(Lanes % N == 0);
    for (Index lane = 0; lane < Lanes; lane += N) body(Slice<N>{lane, classes, Lanes, lane});
  }
}

/// What belongs to the lanes of a slice.
template <Index N, Real S, int Lanes>
simd::Vector<S, N> of_lanes(const PerSample<S, Lanes>& values, const Slice<N>& slice) {
  if constexpr (Lanes == 1) {
    return simd::spread<N>(values[0]);
  } else {
    return simd::load<N>(values.values + slice.lane);
  }
}

/// `values = combine(values, of a vector's elements those of each lane)`
template <Index N, Real S, int Lanes, class Combine>
void merge(const simd::Vector<S, N>& vector, const Slice<N>& slice, PerSample<S, Lanes>& values,
           Combine&& combine) {
  simd::Array<S, N> elements;
  simd::store(vector, elements);
  for (Index i = 0; i < N; ++i) {
    S& value = values[Lanes == 1 ? 0 : slice.lane + i];
    value = combine(value, elements[i]);
  }
}

/// The largest logit of every sample of a block.
template <int Lanes, Real S>
PerSample<S, Lanes> max_of(const S* block, Index classes) {
  PerSample<S, Lanes> most;
  std::copy_n(block, Lanes, most.values);
  for_slices<Lanes, S>(classes, [&]<Index N>(const Slice<N>& slice) {
    simd::Vector<S, N> larger = of_lanes(most, slice);
    for (Index i = 0; i < slice.count; ++i) {
      const auto logits = simd::load<N>(block + slice.first + i * slice.stride);
      larger = logits > larger ? logits : larger;
    }
    merge(larger, slice, most, [](S a, S b) { return std::max(a, b); });
  });
  return most;
}

/// Calls `body(first, count, lanes)` for blocks of samples that suit the number of classes;
/// `lanes` is a constant, 1 or 16. `exponentials` counts those an element takes.
template <class Body>
void for_logit_blocks(Index classes, Index batch, int exponentials, Body&& body) {
  using One = std::integral_constant<int, 1>;
  using Many = std::integral_constant<int, detail::side_by_side>;
  const double work = 2. * exponentials * static_cast<double>(classes);
  if (classes > detail::few_classes) {
    parallel_for(batch, work, [&](Index b) { body(b, Index{1}, One{}); });
  } else {
    constexpr Index lanes = detail::side_by_side;
    parallel_for((batch + lanes - 1) / lanes, work * lanes, [&](Index block) {
      body(block * lanes, std::min(lanes, batch - block * lanes), Many{});
    });
  }
}

}  // namespace kd::cpu
