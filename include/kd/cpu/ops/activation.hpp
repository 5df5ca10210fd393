// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include "kd/cpu/activations.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// A whole vector of elements.
template <Real S>
struct WholeVector {
  static constexpr Index N = simd::width<S>;
  simd::Vector<S, N> load(const S* from) const { return simd::load<N>(from); }
  void store(const simd::Vector<S, N>& v, S* to) const { simd::store(v, to); }
};

/// The last elements, which do not fill one: what a number becomes does not depend on its place.
template <Real S>
struct PartOfVector {
  static constexpr Index N = simd::width<S>;
  std::size_t bytes;
  simd::Vector<S, N> load(const S* from) const {
    simd::Array<S, N> room{};
    std::memcpy(room, from, bytes);
    return simd::load<N>(room + 0);
  }
  void store(const simd::Vector<S, N>& v, S* to) const { std::memcpy(to, &v, bytes); }
};

/// Calls `body(i, part)` for the elements from `at` on, a vector at a time.
template <Real S, class Body>
void for_vectors(Index at, Index count, const Body& body) {
  constexpr Index N = simd::width<S>;
  const Index last = at + count;
  for (; at + N <= last; at += N) body(at, WholeVector<S>{});
  if (at < last) body(at, PartOfVector<S>{static_cast<std::size_t>(last - at) * sizeof(S)});
}

/// What a number costs: most functions take an exponential and a division.
inline constexpr double activation_work = 8;

}  // namespace detail

/// `y = f(x)`, element by element; f is one of `kd::activation`.
template <class F, Real S>
void op_activation_forward(const Space&, F f, VectorView<const S> x, VectorView<S> y) {
  constexpr Index N = simd::width<S>;
  detail::for_chunks(x.size, detail::activation_work, [&](Index at, Index count) {
    detail::for_vectors<S>(at, count, [&](Index i, auto part) {
      part.store(activations::value<N, S>(f, part.load(x.data + i)), y.data + i);
    });
  });
}

/// `dx = f'(x) dy`, written or added; y is `f(x)`.
template <class F, Real S>
void op_activation_backward(const Space&, F f, VectorView<const S> x, VectorView<const S> y,
                            VectorView<const S> dy, VectorView<S> dx, Write write) {
  constexpr Index N = simd::width<S>;
  detail::for_chunks(x.size, detail::activation_work, [&](Index at, Index count) {
    detail::for_vectors<S>(at, count, [&](Index i, auto part) {
      simd::Vector<S, N> gradient =
          activations::slope<N, S>(f, part.load(x.data + i), part.load(y.data + i)) *
          part.load(dy.data + i);
      if (write == Write::add) gradient += part.load(dx.data + i);
      part.store(gradient, dx.data + i);
    });
  });
}

}  // namespace kd::cpu
