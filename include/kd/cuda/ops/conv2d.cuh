// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/cuda/channels.cuh"
#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/windows.cuh"

namespace kd::cuda {

namespace detail {

/// A convolution's sizes, of which `ConvShape` computes some on the host alone.
struct Convolved {
  Windows windows;
  Index in_channels;
  Index out_channels;
  Index ins;   ///< input channels of a group
  Index outs;  ///< output channels of a group

  explicit Convolved(const ConvShape& shape)
      : windows(shape),
        in_channels(shape.in.channels),
        out_channels(shape.out.channels),
        ins(shape.ins()),
        outs(shape.outs()) {}
};

template <Real S>
struct Conv2dForward {
  Convolved shape;
  const S* weight;
  const S* bias;  // null: none
  const S* x;
  S* y;

  template <int>
  __device__ void apply(Index i) const {
    const Windows& windows = shape.windows;
    const Index ins = shape.ins;
    const Place output = windows.out_place(i);
    const Index o = output.map % shape.out_channels;
    const Index sample = output.map / shape.out_channels;
    const S* const maps =
        x + (sample * shape.in_channels + o / shape.outs * ins) * windows.in_area();
    const S* const w = weight + o * ins * windows.taps();
    const Patch window = windows.inputs_of(output);
    const Index top = windows.rows.begin(output.row);
    const Index left = windows.cols.begin(output.col);
    S sum = 0;
    for (Index c = 0; c < ins; ++c)
      for (Index row = window.rows.first; row < window.rows.last; ++row)
        for (Index col = window.cols.first; col < window.cols.last; ++col)
          sum += w[(c * windows.rows.size + row - top) * windows.cols.size + col - left] *
                 maps[(c * windows.rows.in + row) * windows.cols.in + col];
    y[i] = bias == nullptr ? sum : sum + bias[o];
  }
};

/// An input element gathers from the windows that see it: no two threads add to one sum.
template <Real S>
struct Conv2dBackwardInput {
  Convolved shape;
  const S* weight;
  const S* dy;
  S* dx;
  Write write;

  template <int>
  __device__ void apply(Index i) const {
    const Windows& windows = shape.windows;
    const Index ins = shape.ins;
    const Index outs = shape.outs;
    const Place input = windows.in_place(i);
    const Index channel = input.map % shape.in_channels;
    const Index sample = input.map / shape.in_channels;
    const Index first = channel / ins * outs;  // of the outputs of its group
    const S* const maps = dy + (sample * shape.out_channels + first) * windows.out_area();
    const S* const w = weight + (first * ins + channel % ins) * windows.taps();
    const Patch outputs = windows.outputs_of(input);
    S sum = 0;
    for (Index c = 0; c < outs; ++c)
      for (Index row = outputs.rows.first; row < outputs.rows.last; ++row)
        for (Index col = outputs.cols.first; col < outputs.cols.last; ++col) {
          const Index y = input.row - windows.rows.begin(row);
          const Index x = input.col - windows.cols.begin(col);
          sum += w[(c * ins * windows.rows.size + y) * windows.cols.size + x] *
                 maps[(c * windows.rows.out + row) * windows.cols.out + col];
        }
    put(dx + i, Pack<S, 1>{{sum}}, write);
  }
};

/// A block has a weight, and adds up over the samples and the places where its output is.
template <Real S>
__global__ void __launch_bounds__(channel_threads)
    conv2d_weight_gradient(Convolved shape, Channels channels, const S* x, const S* dy, S* dweight,
                           Write write) {
  const Windows& windows = shape.windows;
  const Index at_weight = blockIdx.x;
  const Index o = at_weight / windows.taps() / shape.ins;
  const Index channel = o / shape.outs * shape.ins + at_weight / windows.taps() % shape.ins;
  const Index y_tap = at_weight / windows.cols.size % windows.rows.size;
  const Index x_tap = at_weight % windows.cols.size;
  S sum = 0;
  channels.for_each(o, [&](Index at) {
    const Place output = windows.out_place(at);
    const Index row = windows.rows.begin(output.row) + y_tap;
    const Index col = windows.cols.begin(output.col) + x_tap;
    if (row < 0 || row >= windows.rows.in || col < 0 || col >= windows.cols.in) return;
    const Index map = output.map / shape.out_channels * shape.in_channels + channel;
    sum += dy[at] * x[(map * windows.rows.in + row) * windows.cols.in + col];
  });
  sum = block_reduce<channel_threads>(sum, Sum{});
  if (threadIdx.x == 0) put(dweight + at_weight, Pack<S, 1>{{sum}}, write);
}

/// A block has a bias.
template <Real S>
__global__ void __launch_bounds__(channel_threads)
    channel_sums(Channels channels, const S* dy, S* sums, Write write) {
  const Index channel = blockIdx.x;
  S sum = 0;
  channels.for_each(channel, [&](Index at) { sum += dy[at]; });
  sum = block_reduce<channel_threads>(sum, Sum{});
  if (threadIdx.x == 0) put(sums + channel, Pack<S, 1>{{sum}}, write);
}

/// Whether a library has computed it, by `compute(library, call)`, in place of kd's kernels.
template <Real S, class F>
bool computed_by_library(const Space& space, const ConvShape& shape, Index batch, F&& compute) {
  (void)space.stream();  // makes the space's device the current one
  Convolutions* const library = space.context().convolutions();
  return library != nullptr && batch > 0 &&
         compute(*library, Convolutions::Call{shape, batch, std::is_same_v<S, double>});
}

}  // namespace detail

/// `y[o] = bias[o] + sum over the channels i of its group and the window of w[o][i] x[i]`, a
/// cross-correlation as PyTorch's. weight: (out, in / groups, height, width), row-major; bias:
/// (out) or empty; x and y: (channels * height * width, batch).
template <Real S>
void op_conv2d_forward(const Space& space, const ConvShape& shape,
                       VectorView<const S, Space> weight, VectorView<const S, Space> bias,
                       MatrixView<const S, Space> x, MatrixView<S, Space> y) {
  const S* const bias_data = bias.empty() ? nullptr : bias.data;
  if (detail::computed_by_library<S>(space, shape, x.cols, [&](auto& library, const auto& call) {
        return library.forward(call, weight.data, bias_data, x.data, y.data);
      }))
    return;
  const detail::Conv2dForward<S> body{detail::Convolved(shape), weight.data, bias_data, x.data,
                                      y.data};
  detail::for_each_alone(space, "convolution", y.size(), body);
}

/// The gradient at the weights and the bias: `dw[o][i] = sum over samples and places of dy[o]
/// x[i]`, `db[o] = sum of dy[o]`, each written or added as told. An empty `dbias` is not wanted.
template <Real S>
void op_conv2d_backward_params(const Space& space, const ConvShape& shape,
                               MatrixView<const S, Space> x, MatrixView<const S, Space> dy,
                               VectorView<S, Space> dweight, VectorView<S, Space> dbias,
                               Write write) {
  const detail::Channels channels(shape.out, dy.cols);
  if (!detail::computed_by_library<S>(space, shape, x.cols, [&](auto& library, const auto& call) {
        return library.backward_weight(call, x.data, dy.data, dweight.data, write);
      }))
    detail::launch(space, "convolution weight gradient", shape.out.channels * shape.depth(),
                   detail::channel_threads, detail::conv2d_weight_gradient<S>,
                   detail::Convolved(shape), channels, x.data, dy.data, dweight.data, write);
  if (dbias.empty()) return;
  detail::launch(space, "convolution bias gradient", shape.out.channels, detail::channel_threads,
                 detail::channel_sums<S>, channels, dy.data, dbias.data, write);
}

/// The gradient at the inputs: `dx[i] = sum over the outputs o of its group and the window of
/// w[o][i] dy[o]`, written or added as told.
template <Real S>
void op_conv2d_backward_input(const Space& space, const ConvShape& shape,
                              VectorView<const S, Space> weight, MatrixView<const S, Space> dy,
                              MatrixView<S, Space> dx, Write write) {
  if (detail::computed_by_library<S>(space, shape, dy.cols, [&](auto& library, const auto& call) {
        return library.backward_input(call, weight.data, dy.data, dx.data, write);
      }))
    return;
  const detail::Conv2dBackwardInput<S> body{detail::Convolved(shape), weight.data, dy.data, dx.data,
                                            write};
  detail::for_each_alone(space, "convolution input gradient", dx.size(), body);
}

}  // namespace kd::cuda
