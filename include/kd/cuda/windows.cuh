// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/conv_shape.hpp"
#include "kd/cuda/thread.cuh"

/// How windows lie over maps, for kernels whose threads have one element each.
namespace kd::cuda::detail {

/// [first, last)
struct Span {
  Index first;
  Index last;
};

/// Windows along one axis of a map.
struct WindowAxis {
  Index in;
  Index out;
  Index size;
  Index stride;
  Index border;

  /// Where the window of an output begins, which may be before the map.
  __device__ __forceinline__ Index begin(Index output) const { return output * stride - border; }
  /// What of that window lies within the map.
  __device__ __forceinline__ Span inputs_of(Index output) const {
    const Index first = begin(output);
    const Index last = first + size;
    return {first < 0 ? 0 : first, last < in ? last : in};
  }
  /// The outputs whose windows see an input.
  __device__ __forceinline__ Span outputs_of(Index input) const {
    const Index from = input + border;  // where the last of them begins at the latest
    const Index last = from / stride + 1;
    return {from < size ? 0 : (from - size) / stride + 1, last < out ? last : out};
  }
};

/// Where an element lies: in which map of all samples, and where in it.
struct Place {
  Index map;
  Index row;
  Index col;
};

/// A part of a map.
struct Patch {
  Span rows;
  Span cols;
};

/// The windows over a map.
struct Windows {
  WindowAxis rows;
  WindowAxis cols;

  explicit Windows(const ConvShape& shape)
      : rows{shape.in.height, shape.out.height, shape.height, shape.stride, shape.top},
        cols{shape.in.width, shape.out.width, shape.width, shape.stride, shape.left} {}

  __device__ __forceinline__ Index in_area() const { return rows.in * cols.in; }
  __device__ __forceinline__ Index out_area() const { return rows.out * cols.out; }
  __device__ __forceinline__ Index taps() const { return rows.size * cols.size; }

  __device__ __forceinline__ Place in_place(Index i) const {
    return {i / in_area(), i / cols.in % rows.in, i % cols.in};
  }
  __device__ __forceinline__ Place out_place(Index i) const {
    return {i / out_area(), i / cols.out % rows.out, i % cols.out};
  }

  /// What of the window of an output lies within the map.
  __device__ __forceinline__ Patch inputs_of(Place output) const {
    return {rows.inputs_of(output.row), cols.inputs_of(output.col)};
  }
  /// The outputs whose windows see an input.
  __device__ __forceinline__ Patch outputs_of(Place input) const {
    return {rows.outputs_of(input.row), cols.outputs_of(input.col)};
  }
};

}  // namespace kd::cuda::detail
