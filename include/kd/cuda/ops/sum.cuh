// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/block.cuh"
#include "kd/cuda/launch.hpp"

namespace kd::cuda {

namespace detail {

inline constexpr int sum_threads = 256;
inline constexpr Index per_partial = 16 * sum_threads;  ///< numbers a block is worth

template <Real S>
struct Each {
  const S* x;
  __device__ __forceinline__ double operator()(Index i) const { return x[i]; }
};
template <Real S>
struct Square {
  const S* x;
  __device__ __forceinline__ double operator()(Index i) const {
    const auto value = static_cast<double>(x[i]);
    return value * value;
  }
};

/// `sums[block] = (or +=) the sum of f(i)` over the `i` that fall to the block, in double and in an
/// order that depends on the size alone.
template <class F>
__global__ void __launch_bounds__(sum_threads)
    block_sums(Index size, F f, double* sums, Write write) {
  double sum = 0;
  const Index stride = static_cast<Index>(gridDim.x) * sum_threads;
  for (Index i = global_thread(); i < size; i += stride) sum += f(i);
  sum = block_reduce<sum_threads>(sum, Sum{});
  if (threadIdx.x != 0) return;
  if (write == Write::add) sum += sums[blockIdx.x];
  sums[blockIdx.x] = sum;
}

/// `total = (or +=) the sum of f(i)`, by one block, or by many whose sums one block adds up.
template <class F>
void sum_up(const Space& space, const char* name, Index size, F f, double* total, Write write) {
  if (size <= per_partial) {
    launch(space, name, 1, sum_threads, block_sums<F>, size, f, total, write);
    return;
  }
  const Index wanted = ceil_div(size, per_partial);
  const Index blocks = wanted < Context::partial_sums ? wanted : Context::partial_sums;
  double* const partials = space.context().partials();
  launch(space, name, blocks, sum_threads, block_sums<F>, size, f, partials, Write::overwrite);
  launch(space, name, 1, sum_threads, block_sums<Each<double>>, blocks, Each<double>{partials},
         total, write);
}

}  // namespace detail

/// `total += sum of values`
template <Real S>
void op_add_sum(const Space& space, VectorView<const S, Space> values,
                VectorView<double, Space> total) {
  if (values.empty()) return;
  detail::sum_up(space, "sum", values.size, detail::Each<S>{values.data}, total.data, Write::add);
}

/// `total += sum of squares`
template <Real S>
void op_add_square_sum(const Space& space, VectorView<const S, Space> x,
                       VectorView<double, Space> total) {
  if (x.empty()) return;
  detail::sum_up(space, "sum of squares", x.size, detail::Square<S>{x.data}, total.data,
                 Write::add);
}

}  // namespace kd::cuda
