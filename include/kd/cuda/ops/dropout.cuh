// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/random.hpp"
#include "kd/cuda/ops/copy.cuh"
#include "kd/cuda/philox.cuh"

namespace kd::cuda {

namespace detail {

inline constexpr int dropout_threads = 256;

/// A thread draws one counter and treats the four elements that its words stand for (`Rng::word`):
/// 16 counters side by side make 64 neighbours, so 16 threads read and write 16 neighbours at once.
template <Real S>
__global__ void __launch_bounds__(dropout_threads)
    dropout_forward(std::uint64_t key, std::uint32_t threshold, S scale, Index size, const S* x,
                    S* mask, S* y) {
  const Index counter = global_thread();
  const Index first = counter / 16 * 64 + counter % 16;
  if (first >= size) return;
  const PhiloxWords words = philox(key, static_cast<std::uint64_t>(counter));
  for (int w = 0; w < 4; ++w) {
    const Index i = first + w * 16;
    if (i < size) {
      const S kept = words.word[w] >= threshold ? scale : S(0);
      mask[i] = kept;
      y[i] = x[i] * kept;
    }
  }
}

}  // namespace detail

/// Draws a dropout mask and applies it: `mask = 1/(1-p)` with probability `1-p`, else 0, and
/// `y = x mask`. Element i keeps its value when `rng.word(i) >= p 2^32`, as on the CPU.
template <Real S>
void op_dropout_forward(const Space& space, Rng rng, double p, VectorView<const S, Space> x,
                        VectorView<S, Space> mask, VectorView<S, Space> y) {
  detail::launch(space, "dropout forward",
                 detail::ceil_div(detail::ceil_div(x.size, 64) * 16, detail::dropout_threads),
                 detail::dropout_threads, detail::dropout_forward<S>, rng.key(),
                 static_cast<std::uint32_t>(std::ldexp(p, 32)), static_cast<S>(1 / (1 - p)), x.size,
                 x.data, mask.data, y.data);
}

}  // namespace kd::cuda
