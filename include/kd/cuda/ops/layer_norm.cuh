// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/rows.cuh"
#include "kd/cuda/softmax.cuh"
#include "kd/cuda/two_sums.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct LayerNormKernel {
  const S* weight;
  const S* bias;
  S eps;
  const S* x;
  Index features;
  S* y;
  S* moments;  // null in inference

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const from = x + sample * features;
    S sum = 0;
    for_classes<Team, Width>(features, [&](Index i) {
      const auto pack = load<Width>(from + i);
      for (int k = 0; k < Width; ++k) sum += pack.v[k];
    });
    const S mean = Team::reduce(sum, Sum{}) / static_cast<S>(features);
    S squares = 0;
    for_classes<Team, Width>(features, [&](Index i) {
      const auto pack = load<Width>(from + i);
      for (int k = 0; k < Width; ++k) squares += (pack.v[k] - mean) * (pack.v[k] - mean);
    });
    const S variance = Team::reduce(squares, Sum{}) / static_cast<S>(features);
    const S inverse = S(1) / std::sqrt(variance + eps);
    if (Team::rank() == 0 && moments != nullptr) {
      moments[2 * sample] = mean;
      moments[2 * sample + 1] = inverse;
    }
    for_classes<Team, Width>(features, [&](Index i) {
      const auto scale = load<Width>(weight + i);
      const auto shift = load<Width>(bias + i);
      auto pack = load<Width>(from + i);
      for (int k = 0; k < Width; ++k)
        pack.v[k] = (pack.v[k] - mean) * inverse * scale.v[k] + shift.v[k];
      store(y + sample * features + i, pack);
    });
  }
};

template <Real S>
struct LayerNormBackwardKernel {
  const S* weight;
  const S* x;
  Index features;
  const S* moments;
  const S* dy;
  S* dx;
  Write write;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * features;
    const S mean = moments[2 * sample];
    const S inverse = moments[2 * sample + 1];
    TwoSums<S> sums{S(0), S(0)};  // of g, of g n
    for_classes<Team, Width>(features, [&](Index i) {
      const auto scale = load<Width>(weight + i);
      const auto at = load<Width>(x + first + i);
      const auto grad = load<Width>(dy + first + i);
      for (int k = 0; k < Width; ++k) {
        const S g = scale.v[k] * grad.v[k];
        sums.first += g;
        sums.second += g * ((at.v[k] - mean) * inverse);
      }
    });
    sums = Team::reduce(sums, AddBoth{});
    const S g_mean = sums.first / static_cast<S>(features);
    const S along = sums.second / static_cast<S>(features);
    for_classes<Team, Width>(features, [&](Index i) {
      const auto scale = load<Width>(weight + i);
      const auto at = load<Width>(x + first + i);
      auto grad = load<Width>(dy + first + i);
      for (int k = 0; k < Width; ++k) {
        const S n = (at.v[k] - mean) * inverse;
        grad.v[k] = (scale.v[k] * grad.v[k] - g_mean - n * along) * inverse;
      }
      put(dx + first + i, grad, write);
    });
  }
};

/// The gradients of weight and bias: sums over the batch, in an order that depends on it alone.
template <Real S>
__global__ void __launch_bounds__(row_threads)
    layer_norm_sums(Index rows, Index cols, const S* x, const S* moments, const S* dy, S* dweight,
                    S* dbias, Write write) {
  const Index row = own_row();
  TwoSums<S> sums{S(0), S(0)};
  if (row < rows) {
    for (Index col = first_col(); col < cols; col += row_warps) {
      const Index i = col * rows + row;
      sums.first += dy[i] * ((x[i] - moments[2 * col]) * moments[2 * col + 1]);
      sums.second += dy[i];
    }
  }
  sums = row_reduce(sums, AddBoth{});
  if (first_col() == 0 && row < rows) {
    put(dweight + row, Pack<S, 1>{{sums.first}}, write);
    put(dbias + row, Pack<S, 1>{{sums.second}}, write);
  }
}

}  // namespace detail

/// Each sample made to have mean 0 and variance 1, then scaled and shifted feature by feature:
/// `y = (x - mean) / sqrt(variance + eps) weight + bias`, the variance over all of the features.
/// x, y: (features, batch). `moments` (2, batch) keeps mean and `1 / sqrt(variance + eps)` for
/// backward, unless it is empty.
template <Real S>
void op_layer_norm_forward(const Space& space, VectorView<const S, Space> weight,
                           VectorView<const S, Space> bias, S eps, MatrixView<const S, Space> x,
                           MatrixView<S, Space> y, MatrixView<S, Space> moments) {
  const detail::LayerNormKernel<S> kernel{weight.data, bias.data, eps,         x.data,
                                          x.rows,      y.data,    moments.data};
  detail::for_each_sample<S>(space, "layer norm", x.rows, x.cols, kernel, weight.data, bias.data,
                             x.data, y.data);
}

/// With `n = (x - mean) / sqrt(variance + eps)` and `g = weight dy`:
/// `dx = (g - mean(g) - n mean(g n)) / sqrt(variance + eps)`, `dweight = sum of dy n`,
/// `dbias = sum of dy` over the batch; each written or added as told. An empty `dx` is not wanted.
template <Real S>
void op_layer_norm_backward(const Space& space, VectorView<const S, Space> weight,
                            MatrixView<const S, Space> x, MatrixView<const S, Space> moments,
                            MatrixView<const S, Space> dy, VectorView<S, Space> dweight,
                            VectorView<S, Space> dbias, Write write_params, MatrixView<S, Space> dx,
                            Write write_dx) {
  detail::launch(space, "layer norm sums", detail::ceil_div(x.rows, detail::row_lanes),
                 detail::row_threads, detail::layer_norm_sums<S>, x.rows, x.cols, x.data,
                 moments.data, dy.data, dweight.data, dbias.data, write_params);
  if (dx.empty()) return;
  const detail::LayerNormBackwardKernel<S> kernel{weight.data, x.data,  x.rows,  moments.data,
                                                  dy.data,     dx.data, write_dx};
  detail::for_each_sample<S>(space, "layer norm backward", x.rows, x.cols, kernel, weight.data,
                             x.data, dy.data, dx.data);
}

}  // namespace kd::cuda
