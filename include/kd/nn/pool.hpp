// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "kd/cpu/ops/average_pool.hpp"
#include "kd/cpu/ops/max_pool.hpp"
#include "kd/nn/layer.hpp"
#include "kd/nn/window.hpp"

namespace kd {

namespace detail {

/// Layers that make one element of each window of a map.
class Pool : public NoParameters {
 public:
  static constexpr bool backward_reads_output = false;

  /// All sizes, once the layer is bound.
  const ConvShape& shape() const { return shape_; }
  const Shape& out_shape() const { return shape_.out; }
  Index in_features() const { return shape_.in.features(); }
  Index out_features() const { return shape_.out.features(); }
  Index cache_size(Index) const { return 0; }

 protected:
  void take(const ConvShape& shape) { shape_ = shape; }

  std::string describe(const char* name) const {
    return text(name, "(kernel ", shape_.height, " x ", shape_.width, ", stride ", shape_.stride,
                ", pad ", shape_.top, " x ", shape_.left, ", ", describe_shape(shape_.in), " to ",
                describe_shape(shape_.out), ')');
  }

 private:
  ConvShape shape_;
};

/// Windows of PyTorch's pools may not lie in the border alone.
constexpr bool is_pool(const Kernel& kernel, const Window& window) {
  return is_window(kernel, window) && 2 * window.pad <= kernel.height &&
         2 * window.pad <= kernel.width;
}

}  // namespace detail

/// The largest element of every window, channel by channel: `y = max x`.
///
/// x: (channels * height * width, batch). Of equals the first has the gradient, as PyTorch's
/// `nn.MaxPool2d`; the border counts as minus infinity. By default windows lie side by side.
template <Kernel Size, Window W = Window{.stride = Size.height}>
class MaxPool2d : public detail::Pool {
  static_assert(detail::is_pool(Size, W),
                "a kernel and a stride are at least 1, a pad at least 0 and at most half the "
                "kernel, and 0 where it is `same`");

 public:
  static constexpr const char* name = "MaxPool2d";

  static constexpr Shape static_out_shape(const Shape& in) {
    return detail::window_shape(in, in.channels, Size, W);
  }
  /// Throws `ShapeError` when the kernel is larger than the maps with their border.
  void bind(const Shape& in) { take(detail::window_over(name, in, in.channels, Size, W, 1)); }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    op_max_pool_forward(f.space, shape(), f.x, f.y);
  }
  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    if (!b.dx.empty()) op_max_pool_backward(b.space, shape(), b.x, b.dy, b.dx, b.write_dx);
  }

  std::string describe() const { return Pool::describe(name); }
};

/// The mean of every window, channel by channel.
///
/// x: (channels * height * width, batch). A border of `pad` counts as zeros, as PyTorch's
/// `nn.AvgPool2d`; that of `same` does not count, as TensorFlow's. By default windows lie side by
/// side.
template <Kernel Size, Window W = Window{.stride = Size.height}>
class AvgPool2d : public detail::Pool {
  static_assert(detail::is_pool(Size, W),
                "a kernel and a stride are at least 1, a pad at least 0 and at most half the "
                "kernel, and 0 where it is `same`");

 public:
  static constexpr const char* name = "AvgPool2d";
  static constexpr bool backward_reads_input = false;

  static constexpr Shape static_out_shape(const Shape& in) {
    return detail::window_shape(in, in.channels, Size, W);
  }
  /// Throws `ShapeError` when the kernel is larger than the maps with their border.
  void bind(const Shape& in) { take(detail::window_over(name, in, in.channels, Size, W, 1)); }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    op_average_pool_forward(f.space, shape(), !W.same, f.x, f.y);
  }
  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    if (!b.dx.empty()) op_average_pool_backward(b.space, shape(), !W.same, b.dy, b.dx, b.write_dx);
  }

  std::string describe() const { return Pool::describe(name); }
};

/// The mean of every map: (channels, height, width) -> (channels). Source: Lin et al., "Network In
/// Network", ICLR 2014.
class GlobalAvgPool : public detail::Pool {
 public:
  static constexpr const char* name = "GlobalAvgPool";
  static constexpr bool backward_reads_input = false;

  static constexpr Shape static_out_shape(const Shape& in) { return {in.channels, 1, 1}; }
  void bind(const Shape& in) {
    take(detail::window_over(name, in, in.channels, Kernel(in.height, in.width), {}, 1));
  }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    op_average_pool_forward(f.space, shape(), true, f.x, f.y);
  }
  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    if (!b.dx.empty()) op_average_pool_backward(b.space, shape(), true, b.dy, b.dx, b.write_dx);
  }

  std::string describe() const { return Pool::describe(name); }
};

static_assert(Layer<MaxPool2d<2>>);
static_assert(Layer<AvgPool2d<2>>);
static_assert(Layer<GlobalAvgPool>);

}  // namespace kd
