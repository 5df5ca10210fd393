// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/error.hpp"
#include "kd/cpu/ops/linear.hpp"
#include "kd/nn/init.hpp"
#include "kd/nn/layer.hpp"
#include "kd/nn/relu.hpp"

namespace kd {

/// A fully connected layer: `y = W x + b`.
///
/// x: (In, batch), y: (Out, batch). Parameters: `weight` (Out, In) row-major, then `bias` (Out),
/// byte for byte PyTorch's `nn.Linear`. Sizes that only run time knows: `Linear<dynamic, dynamic>`.
template <Index In = dynamic, Index Out = dynamic>
class Linear {
  static_assert(In == dynamic || In > 0, "a Linear layer takes at least one feature");
  static_assert(Out == dynamic || Out > 0, "a Linear layer gives at least one feature");

 public:
  static constexpr const char* name = "Linear";
  static constexpr bool backward_reads_output = false;
  static constexpr Index static_in = In;
  static constexpr Index static_out = Out;

  Linear() requires(In != dynamic && Out != dynamic) = default;

  /// Throws `ShapeError` when a size is not positive or differs from the one in the type.
  Linear(Index in, Index out) : in_(in), out_(out) {
    if (in < 1 || out < 1)
      throw ShapeError(detail::text("Linear: sizes must be positive, got ", in, " -> ", out));
    if (In != dynamic) detail::check_equal("Linear", "input features", In, in);
    if (Out != dynamic) detail::check_equal("Linear", "output features", Out, out);
  }

  Index in_features() const { return in_; }
  Index out_features() const { return out_; }
  Index num_params() const { return in_ * out_ + out_; }
  Index cache_size(Index) const { return 0; }
  std::vector<TensorInfo> tensors() const {
    return {{"weight", out_, in_, 0}, {"bias", out_, 1, in_ * out_, true}};
  }

  /// The weight within this layer's parameters. (Out, In) row-major is (In, Out) column-major.
  template <class T, class Space>
  MatrixView<T, Space> weight(VectorView<T, Space> params) const {
    return {params.data, in_, out_};
  }
  template <class T, class Space>
  VectorView<T, Space> bias(VectorView<T, Space> params) const {
    return params.slice(in_ * out_, out_);
  }

  /// What takes in the BatchNorm behind it (see `fold`).
  Linear with_bias() const { return *this; }

  template <Real S>
  void init(VectorView<S> params, Rng rng) const {
    init_uniform_fan_in(params, in_, rng);
  }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    op_linear_forward(f.space, weight(f.params), bias(f.params), f.x, f.y);
  }

  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    op_linear_backward(b.space, weight(b.params), b.x, b.dy, weight(b.dparams), bias(b.dparams),
                       b.write_dparams, b.dx, b.write_dx);
  }

  /// This layer and ReLU, which gives `z`, in one pass behind the product.
  template <Real S, class Space>
  void forward_with(const ReLU&, const LayerForward<S, Space>& f, MatrixView<S, Space> z) const {
    op_linear_relu_forward(f.space, weight(f.params), bias(f.params), f.x, f.y, z);
  }

  /// The backward of both: `dz` is the gradient at what ReLU gave, from which `dy`, that at what
  /// this layer gave, is made in the pass that sums it up for the bias.
  template <Real S, class Space>
  void backward_with(const ReLU&, const LayerBackward<S, Space>& b, MatrixView<const S, Space> z,
                     MatrixView<const S, Space> dz, MatrixView<S, Space> dy, Write write_dy) const {
    op_linear_relu_backward(b.space, weight(b.params), b.x, z, dz, dy, write_dy, weight(b.dparams),
                            bias(b.dparams), b.write_dparams, b.dx, b.write_dx);
  }

 private:
  Index in_ = In;
  Index out_ = Out;
};

namespace detail {

template <class>
inline constexpr bool is_linear = false;
template <Index In, Index Out>
inline constexpr bool is_linear<Linear<In, Out>> = true;

template <Index In, Index Out, class Space>
requires requires { requires Space::fuses_linear_relu; }
inline constexpr AsOne runs_as_one<Linear<In, Out>, ReLU, Space> = AsOne::always;

}  // namespace detail

static_assert(Layer<Linear<3, 2>>);
static_assert(Layer<Linear<dynamic, dynamic>>);

}  // namespace kd
