// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "kd/core/finite.hpp"
#include "kd/core/parallel.hpp"
#include "kd/core/random.hpp"
#include "kd/core/view.hpp"
#include "kd/cpu/for_elements.hpp"
#include "kd/cpu/philox.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// Draws a dropout mask and applies it: `mask = 1/(1-p)` with probability `1-p`, else 0, and
/// `y = x mask`. Element i keeps its value when `rng.word(i) >= p 2^32`.
template <Real S>
void op_dropout_forward(const Space&, Rng rng, double p, VectorView<const S> x, VectorView<S> mask,
                        VectorView<S> y) {
  constexpr Index N = simd::width<S>;
  const auto threshold = static_cast<kd::detail::BitsOf<S>>(std::ldexp(p, 32));
  const S scale = static_cast<S>(1 / (1 - p));
  constexpr Index group = 64;  // words that are drawn together
  constexpr Index groups_a_task = 32;
  const Index groups = (x.size + group - 1) / group;
  constexpr double work = 20. * groups_a_task * group;
  parallel_for((groups + groups_a_task - 1) / groups_a_task, work, [&](Index task) {
    const Index last = std::min(groups, (task + 1) * groups_a_task);
    for (Index g = task * groups_a_task; g < last; ++g) {
      const auto words = random_group(rng, static_cast<std::uint64_t>(g));
      kd::detail::BitsOf<S> bits[group];
      std::copy(words.begin(), words.end(), bits);
      // Chosen by vectors, for a branch would be mispredicted every other time.
      S drawn[group];
      for (Index i = 0; i < group; i += N)
        simd::store(simd::load<N>(bits + i) >= simd::spread<N>(threshold) ? simd::spread<N>(scale)
                                                                          : simd::spread<N>(S(0)),
                    drawn + i);
      const Index first = g * group;
      const Index count = std::min(group, x.size - first);
      std::copy_n(drawn, count, mask.data + first);
      detail::for_elements<S>(first, count, [&]<Index W>(detail::Width<W>, Index i) {
        simd::store(simd::load<W>(x.data + i) * simd::load<W>(mask.data + i), y.data + i);
      });
    }
  });
}

}  // namespace kd::cpu
