// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/windows.cuh"

namespace kd::cuda {

namespace detail {

/// What the sum of a window is divided by: its elements, those of the border too or not.
template <Real S>
__device__ __forceinline__ S divisor_of(const Windows& windows, Patch window, bool counts_border) {
  if (counts_border) return static_cast<S>(windows.taps());
  const Index height = window.rows.last - window.rows.first;
  const Index width = window.cols.last - window.cols.first;
  return height > 0 && width > 0 ? static_cast<S>(height * width) : S(1);
}

template <Real S>
struct AveragePoolForward {
  Windows windows;
  bool counts_border;
  const S* x;
  S* y;

  template <int>
  __device__ void apply(Index i) const {
    const Place output = windows.out_place(i);
    const S* const map = x + output.map * windows.in_area();
    const Patch window = windows.inputs_of(output);
    S sum = 0;
    for (Index row = window.rows.first; row < window.rows.last; ++row)
      for (Index col = window.cols.first; col < window.cols.last; ++col)
        sum += map[row * windows.cols.in + col];
    y[i] = sum / divisor_of<S>(windows, window, counts_border);
  }
};

/// An input element gathers from the windows that see it, in their order: no two threads add to one
/// sum.
template <Real S>
struct AveragePoolBackward {
  Windows windows;
  bool counts_border;
  const S* dy;
  S* dx;
  Write write;

  template <int>
  __device__ void apply(Index i) const {
    const Place input = windows.in_place(i);
    const S* const gradients = dy + input.map * windows.out_area();
    const Patch outputs = windows.outputs_of(input);
    S sum = write == Write::add ? dx[i] : S(0);
    for (Index row = outputs.rows.first; row < outputs.rows.last; ++row)
      for (Index col = outputs.cols.first; col < outputs.cols.last; ++col) {
        const Patch window = windows.inputs_of({input.map, row, col});
        sum +=
            gradients[row * windows.cols.out + col] / divisor_of<S>(windows, window, counts_border);
      }
    dx[i] = sum;
  }
};

}  // namespace detail

/// `y = the mean of the window's elements`, channel by channel; the border counts as zeros, or not
/// at all.
template <Real S>
void op_average_pool_forward(const Space& space, const ConvShape& shape, bool counts_border,
                             MatrixView<const S, Space> x, MatrixView<S, Space> y) {
  const detail::AveragePoolForward<S> body{detail::Windows(shape), counts_border, x.data, y.data};
  detail::for_each_alone(space, "average pool", y.size(), body);
}

/// `dx = the sum over the windows that see x of dy / their elements`.
template <Real S>
void op_average_pool_backward(const Space& space, const ConvShape& shape, bool counts_border,
                              MatrixView<const S, Space> dy, MatrixView<S, Space> dx, Write write) {
  const detail::AveragePoolBackward<S> body{detail::Windows(shape), counts_border, dy.data, dx.data,
                                            write};
  detail::for_each_alone(space, "average pool backward", dx.size(), body);
}

}  // namespace kd::cuda
