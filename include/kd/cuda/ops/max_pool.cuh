// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/ops/argmax.cuh"
#include "kd/cuda/windows.cuh"

namespace kd::cuda {

namespace detail {

/// The first of the largest elements of a patch, or its first NaN; -1 where the patch is empty.
template <Real S>
__device__ __forceinline__ Index largest_of(const S* map, Patch patch, Index width) {
  Index at = -1;
  S largest = 0;
  for (Index row = patch.rows.first; row < patch.rows.last; ++row)
    for (Index col = patch.cols.first; col < patch.cols.last; ++col) {
      const S value = map[row * width + col];
      if (at >= 0 && !is_above(value, largest)) continue;
      at = row * width + col;
      largest = value;
    }
  return at;
}

template <Real S>
struct MaxPoolForward {
  Windows windows;
  const S* x;
  S* y;

  template <int>
  __device__ void apply(Index i) const {
    const Place output = windows.out_place(i);
    const S* const map = x + output.map * windows.in_area();
    const Index at = largest_of(map, windows.inputs_of(output), windows.cols.in);
    y[i] = at < 0 ? -infinity<S> : map[at];
  }
};

/// An input element gathers from the windows in which it is the largest, in their order: no two
/// threads add to one sum.
template <Real S>
struct MaxPoolBackward {
  Windows windows;
  const S* x;
  const S* dy;
  S* dx;
  Write write;

  template <int>
  __device__ void apply(Index i) const {
    const Place input = windows.in_place(i);
    const S* const map = x + input.map * windows.in_area();
    const S* const gradients = dy + input.map * windows.out_area();
    const Index own = input.row * windows.cols.in + input.col;
    const Patch outputs = windows.outputs_of(input);
    S sum = write == Write::add ? dx[i] : S(0);
    for (Index row = outputs.rows.first; row < outputs.rows.last; ++row)
      for (Index col = outputs.cols.first; col < outputs.cols.last; ++col) {
        const Patch window = windows.inputs_of({input.map, row, col});
        if (largest_of(map, window, windows.cols.in) == own)
          sum += gradients[row * windows.cols.out + col];
      }
    dx[i] = sum;
  }
};

}  // namespace detail

/// `y = the largest x of the window`, channel by channel; the border counts as minus infinity.
template <Real S>
void op_max_pool_forward(const Space& space, const ConvShape& shape, MatrixView<const S, Space> x,
                         MatrixView<S, Space> y) {
  detail::for_each_alone(space, "max pool", y.size(),
                         detail::MaxPoolForward<S>{detail::Windows(shape), x.data, y.data});
}

/// `dx = dy` at the largest element of each window, of equals the first; 0 elsewhere.
template <Real S>
void op_max_pool_backward(const Space& space, const ConvShape& shape, MatrixView<const S, Space> x,
                          MatrixView<const S, Space> dy, MatrixView<S, Space> dx, Write write) {
  const detail::MaxPoolBackward<S> body{detail::Windows(shape), x.data, dy.data, dx.data, write};
  detail::for_each_alone(space, "max pool backward", dx.size(), body);
}

}  // namespace kd::cuda
