// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/rows.cuh"
#include "kd/cuda/softmax.cuh"

namespace kd::cuda {

namespace detail {

/// One over the variance that a spread stands for, `softplus(spread) + 1e-5`.
template <Real S>
__device__ __forceinline__ S precision_of(S spread) {
  return S(1) /
         ((spread < S(0) ? S(0) : spread) + std::log1p(std::exp(-std::abs(spread))) + S(1e-5));
}

/// `dspread += factor slope precision (batch - precision sum_b (y - t)^2)`, slope being that of
/// softplus.
template <Real S>
__global__ void __launch_bounds__(row_threads)
    add_spread_gradient(Index features, Index batch, const S* y, const S* target, const S* spread,
                        S factor, S* dspread) {
  const Index row = own_row();
  S squares = 0;
  if (row < features)
    for (Index col = first_col(); col < batch; col += row_warps) {
      const S error = y[col * features + row] - target[col * features + row];
      squares += error * error;
    }
  squares = row_reduce(squares, Sum{});
  if (first_col() != 0 || row >= features) return;
  const S precision = precision_of(spread[row]);
  const S slope = S(1) / (S(1) + std::exp(-spread[row]));
  dspread[row] += factor * slope * precision * (static_cast<S>(batch) - squares * precision);
}

template <Real S>
struct GaussianLikelihoodKernel {
  const S* y;
  const S* target;
  const S* spread;
  Index features;
  S scale;
  S* dy;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * features;
    const S share = S(1) / static_cast<S>(features);
    S sum = 0;
    for_classes<Team, Width>(features, [&](Index i) {
      auto error = load<Width>(y + first + i);
      const auto aim = load<Width>(target + first + i);
      const auto spreads = load<Width>(spread + i);
      for (int k = 0; k < Width; ++k) {
        const S precision = precision_of(spreads.v[k]);
        error.v[k] -= aim.v[k];
        sum += error.v[k] * error.v[k] * precision - std::log(precision);
        error.v[k] *= scale * share * precision;
      }
      store(dy + first + i, error);
    });
    sum = Team::reduce(sum, Sum{});
    if (Team::rank() == 0) values[sample] = S(0.5) * share * sum;
  }
};

}  // namespace detail

/// The negative log-likelihood of the target under a normal distribution around y, its constant
/// left out: `values[b]` = mean over the features d of `((y - t)^2 / v_d + log v_d) / 2`, where
/// `v_d = softplus(spread_d) + 1e-5`. dy, which may be y, is overwritten; dspread is added to.
/// y, target: (features, batch); spread: (features).
template <Real S>
void op_gaussian_likelihood(const Space& space, MatrixView<const S, Space> y,
                            MatrixView<const S, Space> target, VectorView<const S, Space> spread,
                            S scale, MatrixView<S, Space> dy, VectorView<S, Space> dspread,
                            VectorView<S, Space> values) {
  const S share = S(1) / static_cast<S>(y.rows);
  detail::launch(space, "gradient of the spread", detail::ceil_div(y.rows, detail::row_lanes),
                 detail::row_threads, detail::add_spread_gradient<S>, y.rows, y.cols, y.data,
                 target.data, spread.data, S(0.5) * scale * share, dspread.data);
  const detail::GaussianLikelihoodKernel<S> kernel{y.data, target.data, spread.data, y.rows,
                                                   scale,  dy.data,     values.data};
  detail::for_each_sample<S>(space, "gaussian likelihood", y.rows, y.cols, kernel, y.data,
                             target.data, spread.data, dy.data);
}

}  // namespace kd::cuda
