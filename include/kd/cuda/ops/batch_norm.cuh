// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/channels.cuh"
#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/ops/guard.cuh"
#include "kd/cuda/two_sums.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
__global__ void __launch_bounds__(channel_threads)
    batch_moments(Channels channels, const S* x, S* moments) {
  const Index channel = blockIdx.x;
  const auto count = static_cast<double>(channels.size);
  S sum = 0;
  channels.for_each(channel, [&](Index at) { sum += x[at]; });
  const auto mean =
      static_cast<S>(block_reduce<channel_threads>(static_cast<double>(sum), Sum{}) / count);
  S own = 0;
  channels.for_each(channel, [&](Index at) { own += (x[at] - mean) * (x[at] - mean); });
  const double squares = block_reduce<channel_threads>(static_cast<double>(own), Sum{});
  if (threadIdx.x != 0) return;
  moments[channel] = mean;
  moments[channels.count + channel] = static_cast<S>(squares / count);
}

template <Real S>
struct BatchNormForward {
  Index channels;
  Index area;
  const S* moments;
  S eps;
  const S* weight;
  const S* bias;
  const S* x;
  S* y;

  template <int N>
  __device__ void apply(Index i) const {
    Pack<S, N> value = load<N>(x + i);
    for (int k = 0; k < N; ++k) {
      const Index channel = (i + k) / area % channels;
      const S scale = weight[channel] / std::sqrt(moments[channels + channel] + eps);
      value.v[k] = (value.v[k] - moments[channel]) * scale + bias[channel];
    }
    store(y + i, value);
  }
};

template <Real S>
__global__ void __launch_bounds__(channel_threads)
    batch_norm_backward(Channels channels, const S* moments, S eps, const S* weight, const S* x,
                        const S* dy, S* dweight, S* dbias, Write write_params, S* dx,
                        Write write_dx) {
  const Index channel = blockIdx.x;
  const auto count = static_cast<double>(channels.size);
  const S mean = moments[channel];
  const S per_deviation = S(1) / std::sqrt(moments[channels.count + channel] + eps);
  TwoSums<S> own{S(0), S(0)};  // of dy, of dy (x - mean)
  channels.for_each(channel, [&](Index at) {
    own.first += dy[at];
    own.second += dy[at] * (x[at] - mean);
  });
  const auto sums = block_reduce<channel_threads>(
      TwoSums<double>{static_cast<double>(own.first), static_cast<double>(own.second)}, AddBoth{});
  const auto of_weight = static_cast<S>(sums.second * static_cast<double>(per_deviation));
  if (threadIdx.x == 0) {
    put(dweight + channel, Pack<S, 1>{{of_weight}}, write_params);
    put(dbias + channel, Pack<S, 1>{{static_cast<S>(sums.first)}}, write_params);
  }
  if (dx == nullptr) return;
  const S scale = weight[channel] * per_deviation;
  const auto mean_gradient = static_cast<S>(sums.first / count);
  const S along = static_cast<S>(static_cast<double>(of_weight) / count) * per_deviation;
  channels.for_each(channel, [&](Index at) {
    const S value = scale * (dy[at] - mean_gradient - along * (x[at] - mean));
    put(dx + at, Pack<S, 1>{{value}}, write_dx);
  });
}

template <Real S>
struct FollowMoments {
  Index channels;
  bool has_variance;
  double unbiased;
  double momentum;
  const S* moments;
  S* running;

  __device__ void follow(Index i, double moment) const {
    const auto value = static_cast<double>(running[i]);
    running[i] = static_cast<S>(value + momentum * (moment - value));
  }
  template <int>
  __device__ void apply(Index i) const {
    const auto mean = static_cast<double>(moments[i]);
    const double variance = static_cast<double>(moments[channels + i]) * unbiased;
    if (!is_finite(mean) || (has_variance && !is_finite(variance))) return;
    follow(i, mean);
    if (has_variance) follow(channels + i, variance);
  }
};

}  // namespace detail

/// The mean and the variance (divided by their number) of every channel over the batch:
/// moments: (2 * channels), the means first; x: (features, batch).
template <Real S>
void op_batch_moments(const Space& space, const Shape& shape, MatrixView<const S, Space> x,
                      VectorView<S, Space> moments) {
  detail::launch(space, "batch moments", shape.channels, detail::channel_threads,
                 detail::batch_moments<S>, detail::Channels(shape, x.cols), x.data, moments.data);
}

/// `y = weight (x - mean) / sqrt(variance + eps) + bias`, channel by channel; moments as above.
template <Real S>
void op_batch_norm_forward(const Space& space, const Shape& shape,
                           VectorView<const S, Space> moments, double eps,
                           VectorView<const S, Space> weight, VectorView<const S, Space> bias,
                           MatrixView<const S, Space> x, MatrixView<S, Space> y) {
  const detail::BatchNormForward<S> body{
      shape.channels, shape.area(), moments.data, static_cast<S>(eps),
      weight.data,    bias.data,    x.data,       y.data};
  detail::for_each<S>(space, "batch norm", y.size(), body, x.data, y.data);
}

/// The backward where the moments are those of this batch: with `h = (x - mean) / deviation`,
/// `dbias = sum dy`, `dweight = sum dy h`, and
/// `dx = weight / deviation (dy - mean of dy - h mean of dy h)`. An empty `dx` is not wanted.
template <Real S>
void op_batch_norm_backward(const Space& space, const Shape& shape,
                            VectorView<const S, Space> moments, double eps,
                            VectorView<const S, Space> weight, MatrixView<const S, Space> x,
                            MatrixView<const S, Space> dy, VectorView<S, Space> dweight,
                            VectorView<S, Space> dbias, Write write_params, MatrixView<S, Space> dx,
                            Write write_dx) {
  detail::launch(space, "batch norm backward", shape.channels, detail::channel_threads,
                 detail::batch_norm_backward<S>, detail::Channels(shape, x.cols), moments.data,
                 static_cast<S>(eps), weight.data, x.data, dy.data, dweight.data, dbias.data,
                 write_params, dx.data, write_dx);
}

/// Moves running moments towards those of a batch of `count` elements a channel: `running +=
/// momentum (moment - running)`, the variance divided by `count - 1` for that, as PyTorch's is. Of
/// a single element there is no variance, and moments that are not finite are left out: the
/// running ones stay.
template <Real S>
void op_follow_moments(const Space& space, VectorView<const S, Space> moments, Index count,
                       double momentum, VectorView<S, Space> running) {
  const bool has_variance = count > 1;
  const double unbiased =
      has_variance ? static_cast<double>(count) / static_cast<double>(count - 1) : 1.;
  const detail::FollowMoments<S> body{running.size / 2, has_variance, unbiased,
                                      momentum,         moments.data, running.data};
  detail::for_each_alone(space, "running moments", running.size / 2, body);
}

}  // namespace kd::cuda
