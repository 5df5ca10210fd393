// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "kd/cpu/ops/conv2d.hpp"
#include "kd/nn/init.hpp"
#include "kd/nn/layer.hpp"
#include "kd/nn/relu.hpp"
#include "kd/nn/window.hpp"

namespace kd {

/// More of a convolution.
struct ConvOptions {
  Index groups = 1;  ///< an output channel takes the input channels of its group alone
  bool bias = true;  ///< not needed in front of a BatchNorm

  friend constexpr bool operator==(const ConvOptions&, const ConvOptions&) = default;
};

namespace detail {

/// Convolutions: what they have in common once they know how many channels they give.
class Convolution {
 public:
  static constexpr bool backward_reads_output = false;

  /// All sizes, once the layer is bound.
  const ConvShape& conv_shape() const { return shape_; }
  const Shape& out_shape() const { return shape_.out; }
  Index in_features() const { return shape_.in.features(); }
  Index out_features() const { return shape_.out.features(); }
  Index num_params() const { return shape_.out.channels * (shape_.depth() + (has_bias_ ? 1 : 0)); }
  Index cache_size(Index) const { return 0; }
  std::vector<TensorInfo> tensors() const {
    std::vector<TensorInfo> all{
        {.name = "weight",
         .rows = shape_.out.channels,
         .cols = shape_.depth(),
         .offset = 0,
         .extents = {shape_.out.channels, shape_.ins(), shape_.height, shape_.width}}};
    if (has_bias_)
      all.push_back({"bias", shape_.out.channels, 1, shape_.out.channels * shape_.depth(), true});
    return all;
  }

  /// The weight within this layer's parameters: (out, in / groups * height * width) row-major is
  /// its transpose column-major.
  template <class T, class Space>
  MatrixView<T, Space> weight(VectorView<T, Space> params) const {
    return {params.data, shape_.depth(), shape_.out.channels};
  }
  /// Empty without a bias.
  template <class T, class Space>
  VectorView<T, Space> bias(VectorView<T, Space> params) const {
    return params.slice(shape_.out.channels * shape_.depth(), has_bias_ ? shape_.out.channels : 0);
  }

  template <Real S>
  void init(VectorView<S> params, Rng rng) const {
    init_uniform_fan_in(params, shape_.depth(), rng);
  }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    op_conv2d_forward(f.space, shape_, weight(f.params).flat(), bias(f.params), f.x, f.y);
  }

  /// This layer and ReLU, which gives `z`, in one pass: for inference.
  template <Real S, class Space>
  void forward_with(const ReLU&, const LayerForward<S, Space>& f, MatrixView<S, Space> z) const {
    op_conv2d_relu_forward(f.space, shape_, weight(f.params).flat(), bias(f.params), f.x, f.y, z);
  }

  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    op_conv2d_backward_params(b.space, shape_, b.x, b.dy, weight(b.dparams).flat(), bias(b.dparams),
                              b.write_dparams);
    if (!b.dx.empty())
      op_conv2d_backward_input(b.space, shape_, weight(b.params).flat(), b.dy, b.dx, b.write_dx);
  }

 protected:
  void take(const ConvShape& shape, bool has_bias) {
    shape_ = shape;
    has_bias_ = has_bias;
  }

  std::string describe(const char* name) const {
    return text(name, '(', shape_.in.channels, ", ", shape_.out.channels, ", kernel ",
                shape_.height, " x ", shape_.width, ", stride ", shape_.stride, ", pad ",
                shape_.top, " x ", shape_.left, ", groups ", shape_.groups,
                has_bias_ ? "" : ", no bias", ", ", describe_shape(shape_.in), " to ",
                describe_shape(shape_.out), ')');
  }

 private:
  ConvShape shape_;
  bool has_bias_ = true;
};

}  // namespace detail

/// A convolution over images: `y[o] = b[o] + sum over input channels i of w[o][i] * x[i]`, where
/// `*` is the cross-correlation of PyTorch's `nn.Conv2d`.
///
/// x: (in * height * width, batch), each column (channels, height, width); y: (Out * ..., batch).
/// How large the maps are follows from what comes before, an `Image` in the end. Parameters:
/// `weight` (Out, in / groups, kernel height, kernel width), then `bias` (Out), byte for byte
/// PyTorch's, and drawn as there.
///
///     kd::Conv2d<16, 3>                                          // no border
///     kd::Conv2d<16, 3, kd::Window{.stride = 2, .pad = 1}>
///     kd::Conv2d<64, kd::Kernel{10, 4}, kd::Window{.stride = 2, .same = true}>
///     kd::Conv2d<32, 1, kd::Window{}, kd::ConvOptions{.groups = 4, .bias = false}>
///
/// Sizes of run time: `Conv2d<>(16, 3, {.pad = 1})`.
template <Index Out = dynamic, Kernel Size = Kernel(1), Window W = Window{},
          ConvOptions Options = ConvOptions{}>
class Conv2d : public detail::Convolution {
  static_assert(Out == dynamic || Out > 0, "a Conv2d gives at least one channel");
  static_assert(detail::is_window(Size, W),
                "a kernel and a stride are at least 1, a pad at least 0, and 0 where it is `same`");
  static_assert(Options.groups > 0 && (Out == dynamic || Out % Options.groups == 0),
                "the groups of a Conv2d must divide the channels that it gives");

 public:
  static constexpr const char* name = "Conv2d";

  Conv2d() requires(Out != dynamic) = default;

  /// Throws `ConfigError` when a size is out of its range or the groups do not divide the channels.
  explicit Conv2d(Index out, Kernel kernel = 1, Window window = {},
                  ConvOptions options = {}) requires(Out == dynamic)
      : out_(out), kernel_(kernel), window_(window), options_(options) {
    detail::check_at_least_one("Conv2d: output channels", out);
    detail::check_at_least_one("Conv2d: groups", options.groups);
    detail::check_window("Conv2d", kernel, window);
    if (out % options.groups != 0)
      throw ConfigError(detail::text("Conv2d: expected groups that divide the ", out,
                                     " output channels, got ", options.groups));
  }

  static constexpr Shape static_out_shape(const Shape& in) {
    if (in.channels != dynamic && in.channels % Options.groups != 0) return detail::no_shape;
    if constexpr (Out == dynamic) return detail::unknown_shape;
    return detail::window_shape(in, Out, Size, W);
  }

  /// Throws `ShapeError` when the kernel is larger than the maps with their border, or the groups
  /// do not divide the channels.
  void bind(const Shape& in) {
    if (in.channels % options_.groups != 0)
      throw ShapeError(detail::text("Conv2d: expected channels that ", options_.groups,
                                    " groups divide, got ", in.channels));
    take(detail::window_over("Conv2d", in, out_, kernel_, window_, options_.groups), options_.bias);
  }

  /// The same with a bias, which takes in the BatchNorm behind it (see `fold`).
  auto with_bias() const {
    constexpr ConvOptions options{.groups = Options.groups, .bias = true};
    if constexpr (Out == dynamic)
      return Conv2d(out_, kernel_, window_, {.groups = options_.groups, .bias = true});
    else
      return Conv2d<Out, Size, W, options>();
  }

  std::string describe() const { return Convolution::describe(name); }

 private:
  Index out_ = Out;
  Kernel kernel_ = Size;
  Window window_ = W;
  ConvOptions options_ = Options;
};

/// A convolution of every channel by itself: as many outputs as inputs, each from one map.
///
/// As `Conv2d` with as many groups as channels, PyTorch's `nn.Conv2d(c, c, k, groups=c)`.
/// Parameters: `weight` (channels, 1, kernel height, kernel width), `bias` (channels). Source:
/// Howard et al., "MobileNets", 2017.
template <Kernel Size = Kernel(3), Window W = Window{}, bool Bias = true>
class DepthwiseConv2d : public detail::Convolution {
  static_assert(detail::is_window(Size, W),
                "a kernel and a stride are at least 1, a pad at least 0, and 0 where it is `same`");

 public:
  static constexpr const char* name = "DepthwiseConv2d";

  static constexpr Shape static_out_shape(const Shape& in) {
    return detail::window_shape(in, in.channels, Size, W);
  }

  /// Throws `ShapeError` when the kernel is larger than the maps with their border.
  void bind(const Shape& in) {
    take(detail::window_over(name, in, in.channels, Size, W, in.channels), Bias);
  }

  /// The same with a bias, which takes in the BatchNorm behind it (see `fold`).
  auto with_bias() const { return DepthwiseConv2d<Size, W, true>(); }

  std::string describe() const { return Convolution::describe(name); }
};

namespace detail {

// These alone: what derives from them may have a forward of its own.
template <Index Out, Kernel Size, Window W, ConvOptions Options>
inline constexpr AsOne runs_as_one<Conv2d<Out, Size, W, Options>, ReLU, cpu::Space> =
    AsOne::in_inference;
template <Kernel Size, Window W, bool Bias>
inline constexpr AsOne runs_as_one<DepthwiseConv2d<Size, W, Bias>, ReLU, cpu::Space> =
    AsOne::in_inference;

}  // namespace detail

static_assert(Layer<Conv2d<3, 2>>);
static_assert(Layer<Conv2d<>>);
static_assert(Layer<DepthwiseConv2d<3>>);

}  // namespace kd
