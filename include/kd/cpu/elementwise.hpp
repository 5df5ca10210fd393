// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/core/random.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// Numbers a thread works on at a time: three such vectors of floats stay in the first cache.
inline constexpr Index chunk = 2048;

/// Calls `body(offset, count)` for pieces of `[0, size)`, spread over the threads.
template <class Body>
void for_chunks(Index size, double work, Body&& body) {
  parallel_for((size + chunk - 1) / chunk, work * chunk, [&](Index i) {
    const Index offset = i * chunk;
    body(offset, offset + chunk < size ? chunk : size - offset);
  });
}

}  // namespace detail

/// `y = max(x, 0)`
template <Real S>
void op_relu_forward(const Space&, VectorView<const S> x, VectorView<S> y) {
  detail::for_chunks(x.size, 1, [&](Index at, Index n) {
    array(y.slice(at, n)) = array(x.slice(at, n)).max(S(0));
  });
}

/// `dx = dy where y > 0, else 0` (the gradient at zero is zero, as PyTorch's)
template <Real S>
void op_relu_backward(const Space&, VectorView<const S> y, VectorView<const S> dy, VectorView<S> dx,
                      Write write) {
  // A plain loop, in which compilers see that nothing has to branch: Eigen's `select` has no
  // vectors of its own.
  const auto passed = [&](Index i) {
    const S gradient = dy.data[i];
    return y.data[i] > S(0) ? gradient : S(0);
  };
  detail::for_chunks(y.size, 1, [&](Index at, Index n) {
    if (write == Write::overwrite) {
      for (Index i = at; i < at + n; ++i) dx.data[i] = passed(i);
    } else {
      for (Index i = at; i < at + n; ++i) dx.data[i] += passed(i);
    }
  });
}

/// Draws a dropout mask and applies it: `mask = 1/(1-p)` with probability `1-p`, else 0, and
/// `y = x mask`. Element i keeps its value when `rng.word(i) >= p 2^32`.
template <Real S>
void op_dropout_forward(const Space&, Rng rng, double p, VectorView<const S> x, VectorView<S> mask,
                        VectorView<S> y) {
  const auto threshold = static_cast<std::uint32_t>(std::ldexp(p, 32));
  const S scale = static_cast<S>(1 / (1 - p));
  constexpr Index group = 64;  // words that are drawn together
  constexpr Index groups_a_task = 32;
  const Index groups = (x.size + group - 1) / group;
  constexpr double work = 20. * groups_a_task * group;
  parallel_for((groups + groups_a_task - 1) / groups_a_task, work, [&](Index task) {
    const Index last = std::min(groups, (task + 1) * groups_a_task);
    for (Index g = task * groups_a_task; g < last; ++g) {
      const auto words = rng.group(static_cast<std::uint64_t>(g));
      // Whether a word passes is a number here: a branch would be mispredicted every other time.
      S drawn[group];
      for (std::size_t i = 0; i < words.size(); ++i)
        drawn[i] = scale * static_cast<S>(static_cast<int>(words[i] >= threshold));
      const Index first = g * group;
      const Index count = std::min(group, x.size - first);
      std::copy_n(drawn, count, mask.data + first);
      array(y.slice(first, count)) = array(x.slice(first, count)) * array(mask.slice(first, count));
    }
  });
}

/// `dx = a b`, element by element
template <Real S>
void op_multiply(const Space&, VectorView<const S> a, VectorView<const S> b, VectorView<S> dx,
                 Write write) {
  detail::for_chunks(a.size, 1, [&](Index at, Index n) {
    if (write == Write::overwrite) {
      array(dx.slice(at, n)) = array(a.slice(at, n)) * array(b.slice(at, n));
    } else {
      array(dx.slice(at, n)) += array(a.slice(at, n)) * array(b.slice(at, n));
    }
  });
}

/// `y = x` or `y += x`
template <Real S>
void op_copy(const Space&, VectorView<const S> x, VectorView<S> y, Write write) {
  if (write == Write::overwrite) {
    std::copy_n(x.data, x.size, y.data);
  } else {
    map(y) += map(x);
  }
}

}  // namespace kd::cpu
