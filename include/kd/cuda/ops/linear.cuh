// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/bias.cuh"
#include "kd/cuda/product.hpp"

namespace kd::cuda {

namespace detail {

template <Real S>
void linear_gradients(const Space& space, MatrixView<const S, Space> weight,
                      MatrixView<const S, Space> x, MatrixView<const S, Space> dy,
                      MatrixView<S, Space> dweight, Write write_params, MatrixView<S, Space> dx,
                      Write write_dx) {
  product(space, As::is, x, As::transposed, dy, dweight, write_params);
  if (!dx.empty()) product(space, As::is, weight, As::is, dy, dx, write_dx);
}

}  // namespace detail

/// `y = W x + b`. weight: (in, out), that is PyTorch's (out, in) row-major; x: (in, batch);
/// y: (out, batch).
template <Real S>
void op_linear_forward(const Space& space, MatrixView<const S, Space> weight,
                       VectorView<const S, Space> bias, MatrixView<const S, Space> x,
                       MatrixView<S, Space> y) {
  detail::product(space, detail::As::transposed, weight, detail::As::is, x, y, Write::overwrite);
  detail::add_bias(space, bias, y);
}

/// `dW = x dy^T`, `db = sum of dy over the batch`, `dx = W^T dy`, each written or added as told.
/// An empty `dx` is not wanted.
template <Real S>
void op_linear_backward(const Space& space, MatrixView<const S, Space> weight,
                        MatrixView<const S, Space> x, MatrixView<const S, Space> dy,
                        MatrixView<S, Space> dweight, VectorView<S, Space> dbias,
                        Write write_params, MatrixView<S, Space> dx, Write write_dx) {
  detail::launch(space, "bias gradient", detail::ceil_div(dy.rows, detail::row_lanes),
                 detail::row_threads, detail::row_sums<S>, dy.rows, dy.cols, dy.data, nullptr,
                 nullptr, Write::overwrite, dbias.data, write_params);
  detail::linear_gradients(space, weight, x, dy, dweight, write_params, dx, write_dx);
}

/// A linear layer and the ReLU behind it: `y = W x + b`, `z = max(y, 0)` in one pass behind the
/// product.
template <Real S>
void op_linear_relu_forward(const Space& space, MatrixView<const S, Space> weight,
                            VectorView<const S, Space> bias, MatrixView<const S, Space> x,
                            MatrixView<S, Space> y, MatrixView<S, Space> z) {
  detail::product(space, detail::As::transposed, weight, detail::As::is, x, y, Write::overwrite);
  detail::add_bias(space, bias, y, z.data);
}

/// The backward of both: `dy = dz where z > 0` (written or added), and from dy all that
/// `op_linear_backward` makes, the bias gradient in the pass that makes dy.
template <Real S>
void op_linear_relu_backward(const Space& space, MatrixView<const S, Space> weight,
                             MatrixView<const S, Space> x, MatrixView<const S, Space> z,
                             MatrixView<const S, Space> dz, MatrixView<S, Space> dy, Write write_dy,
                             MatrixView<S, Space> dweight, VectorView<S, Space> dbias,
                             Write write_params, MatrixView<S, Space> dx, Write write_dx) {
  detail::launch(space, "relu and bias gradient", detail::ceil_div(dy.rows, detail::row_lanes),
                 detail::row_threads, detail::row_sums<S>, dy.rows, dy.cols, dz.data, z.data,
                 dy.data, write_dy, dbias.data, write_params);
  detail::linear_gradients<S>(space, weight, x, dy, dweight, write_params, dx, write_dx);
}

}  // namespace kd::cuda
