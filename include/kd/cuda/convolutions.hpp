// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/conv_shape.hpp"
#include "kd/core/types.hpp"

namespace kd::cuda {

/// A library that computes convolutions in place of kd's own kernels, on one stream, of floats or
/// doubles: what `SpaceOptions::convolutions` makes, such as `cudnn` of kd/cudnn.hpp.
///
/// Sizes, layouts and what is written are those of `op_conv2d_forward` and its backward. Each says
/// whether it has done it: what it has nothing for is left to kd's kernels.
class Convolutions {
 public:
  struct Call {
    ConvShape shape;
    Index batch;
    bool is_double;
    friend bool operator==(const Call&, const Call&) = default;
  };

  virtual ~Convolutions() = default;

  /// `bias` is null where there is none.
  virtual bool forward(const Call& call, const void* weight, const void* bias, const void* x,
                       void* y) = 0;
  virtual bool backward_weight(const Call& call, const void* x, const void* dy, void* dweight,
                               Write write) = 0;
  virtual bool backward_input(const Call& call, const void* weight, const void* dy, void* dx,
                              Write write) = 0;
};

}  // namespace kd::cuda
