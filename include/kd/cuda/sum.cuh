// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/block.cuh"
#include "kd/cuda/launch.hpp"

namespace kd::cuda {

namespace detail {

inline constexpr int sum_threads = 256;
inline constexpr Index per_partial = 16 * sum_threads;  ///< numbers a block is worth

struct Itself {
  __device__ __forceinline__ double operator()(double x) const { return x; }
};
struct Square {
  __device__ __forceinline__ double operator()(double x) const { return x * x; }
};

/// `sums[block] = (or +=) the sum of f(x)` over the numbers that fall to the block, in double and
/// in an order that depends on the size alone.
template <class S, class F>
__global__ void __launch_bounds__(sum_threads)
    block_sums(Index size, const S* x, F f, double* sums, Write write) {
  double sum = 0;
  const Index stride = static_cast<Index>(gridDim.x) * sum_threads;
  for (Index i = global_thread(); i < size; i += stride) sum += f(static_cast<double>(x[i]));
  sum = block_reduce<sum_threads>(sum, Sum{});
  if (threadIdx.x != 0) return;
  if (write == Write::add) sum += sums[blockIdx.x];
  sums[blockIdx.x] = sum;
}

/// `total += sum of f(x)`, by one block, or by many whose sums one block adds up.
template <Real S, class F>
void add_sum(const Space& space, const char* name, VectorView<const S, Space> x, F f,
             VectorView<double, Space> total) {
  if (x.size <= per_partial) {
    launch(space, name, x.size > 0, sum_threads, block_sums<S, F>, x.size, x.data, f, total.data,
           Write::add);
    return;
  }
  const Index wanted = ceil_div(x.size, per_partial);
  const Index blocks = wanted < Context::partial_sums ? wanted : Context::partial_sums;
  double* const partials = space.context().partials();
  launch(space, name, blocks, sum_threads, block_sums<S, F>, x.size, x.data, f, partials,
         Write::overwrite);
  launch(space, name, 1, sum_threads, block_sums<double, Itself>, blocks, partials, Itself{},
         total.data, Write::add);
}

}  // namespace detail

/// `total += sum of values`
template <Real S>
void op_add_sum(const Space& space, VectorView<const S, Space> values,
                VectorView<double, Space> total) {
  detail::add_sum(space, "sum", values, detail::Itself{}, total);
}

/// `total += sum of squares`
template <Real S>
void op_add_square_sum(const Space& space, VectorView<const S, Space> x,
                       VectorView<double, Space> total) {
  detail::add_sum(space, "sum of squares", x, detail::Square{}, total);
}

}  // namespace kd::cuda
