// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/conv_forward.hpp"
#include "kd/cpu/conv_input.hpp"
#include "kd/cpu/conv_planes.hpp"
#include "kd/cpu/conv_weights.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `y[o] = bias[o] + sum over the channels i of its group and the window of w[o][i] x[i]`, a
/// cross-correlation as PyTorch's. weight: (out, in / groups, height, width), row-major; bias:
/// (out) or empty; x and y: (channels * height * width, batch).
template <Real S>
void op_conv2d_forward(const Space&, const ConvShape& shape, VectorView<const S> weight,
                       VectorView<const S> bias, MatrixView<const S> x, MatrixView<S> y) {
  conv::forward(shape, weight, bias, x, y, {});
}

/// The same, and `z = max(y, 0)`.
template <Real S>
void op_conv2d_relu_forward(const Space&, const ConvShape& shape, VectorView<const S> weight,
                            VectorView<const S> bias, MatrixView<const S> x, MatrixView<S> y,
                            MatrixView<S> z) {
  conv::forward(shape, weight, bias, x, y, z);
}

/// The gradient at the weights and the bias: `dw[o][i] = sum over samples and places of dy[o]
/// x[i]`, `db[o] = sum of dy[o]`, each written or added as told. An empty `dbias` is not wanted.
template <Real S>
void op_conv2d_backward_params(const Space&, const ConvShape& shape, MatrixView<const S> x,
                               MatrixView<const S> dy, VectorView<S> dweight, VectorView<S> dbias,
                               Write write) {
  if (shape.outs() >= simd::width<S>) {
    conv::weights_by_outer_products(shape, x, dy, dweight, write);
  } else {
    conv::weights_by_dots(shape, x, dy, dweight, write);
  }
  if (dbias.empty()) return;
  const Index area = shape.out.area();
  parallel_for(shape.out.channels, static_cast<double>(dy.cols * area), [&](Index o) {
    S sum = write == Write::add ? dbias.data[o] : S(0);
    for (Index b = 0; b < dy.cols; ++b)
      sum += array(VectorView<const S>(conv::map_of(dy, b, o, shape.out), area)).sum();
    dbias.data[o] = sum;
  });
}

/// The gradient at the inputs: `dx[i] = sum over the outputs o of its group and the window of
/// w[o][i] dy[o]`, written or added as told.
template <Real S>
void op_conv2d_backward_input(const Space&, const ConvShape& shape, VectorView<const S> weight,
                              MatrixView<const S> dy, MatrixView<S> dx, Write write) {
  conv::input(shape, weight, dy, dx, write);
}

}  // namespace kd::cpu
