// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/block.cuh"
#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/rows.cuh"

/// What stands around the products of a linear layer, on matrices (features, batch).
namespace kd::cuda::detail {

/// `y += bias` in every column, and `z = max(y, 0)` unless `z` is null.
template <Real S>
struct AddBias {
  const S* bias;
  S* y;
  S* z;
  Index rows;

  // A pack does not cross a column: it is used only when its width divides the rows.
  template <int N>
  __device__ void apply(Index i) const {
    const Pack<S, N> b = load<N>(bias + i % rows);
    Pack<S, N> value = load<N>(y + i);
    for (int k = 0; k < N; ++k) value.v[k] += b.v[k];
    store(y + i, value);
    if (z == nullptr) return;
    for (int k = 0; k < N; ++k) value.v[k] = value.v[k] < S(0) ? S(0) : value.v[k];
    store(z + i, value);
  }
};

/// `y += bias`, and behind it ReLU into `z` where there is one.
template <Real S>
void add_bias(const Space& space, VectorView<const S, Space> bias, MatrixView<S, Space> y,
              S* z = nullptr) {
  const AddBias<S> body{bias.data, y.data, z, y.rows};
  // An address that no pack can be loaded from stands for rows that packs do not divide.
  const S* const rows = bias.data + y.rows % pack_width<S>;
  for_each<S>(space, z == nullptr ? "bias" : "bias and relu", y.size(), body, bias.data, y.data, z,
              rows);
}

/// `sums = (or +=) the rows of a matrix summed`. With `y`, the matrix is what ReLU passes on of
/// `dy` (zero where y is not positive), which is also put into `dx`. The order of additions depends
/// on the batch alone.
template <Real S>
__global__ void __launch_bounds__(row_threads)
    row_sums(Index rows, Index cols, const S* dy, const S* y, S* dx, Write write_dx, S* sums,
             Write write_sums) {
  const Index row = own_row();
  S sum = 0;
  if (row < rows) {
    for (Index col = first_col(); col < cols; col += row_warps) {
      const Index i = col * rows + row;
      Pack<S, 1> value = load<1>(dy + i);
      if (y != nullptr) {
        if (!(y[i] > S(0))) value.v[0] = 0;
        put(dx + i, value, write_dx);
        // What another layer has added to dx belongs to the bias too.
        value = load<1>(dx + i);
      }
      sum += value.v[0];
    }
  }
  sum = row_reduce(sum, Sum{});
  if (first_col() == 0 && row < rows) put(sums + row, Pack<S, 1>{{sum}}, write_sums);
}

}  // namespace kd::cuda::detail
