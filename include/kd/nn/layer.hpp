// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "kd/core/random.hpp"
#include "kd/core/view.hpp"

namespace kd {

/// What a layer's forward is given. `cache` is room of the layer's own, `cache_size` numbers a
/// sample, which backward finds again.
template <Real S, class Space>
struct LayerForward {
  const Space& space;
  Mode mode;
  Rng rng;  ///< a stream of this layer and this step
  VectorView<const S, Space> params;
  MatrixView<const S, Space> x;  ///< (in, batch)
  MatrixView<S, Space> y;        ///< (out, batch), to be overwritten
  MatrixView<S, Space> cache;    ///< (cache_size, batch); empty in inference
};

/// What a layer's backward is given. An empty `dx` is not wanted (the first layer's).
template <Real S, class Space>
struct LayerBackward {
  const Space& space;
  VectorView<const S, Space> params;
  MatrixView<const S, Space> x;      ///< (in, batch), as forward had it
  MatrixView<const S, Space> y;      ///< (out, batch), as forward left it
  MatrixView<const S, Space> cache;  ///< as forward left it
  MatrixView<const S, Space> dy;     ///< (out, batch)
  VectorView<S, Space> dparams;
  Write write_dparams;
  MatrixView<S, Space> dx;  ///< (in, batch)
  Write write_dx;
};

/// A named part of a layer's parameters, row-major `(rows, cols)` as PyTorch's state dict has it.
struct TensorInfo {
  std::string name;
  Index rows;
  Index cols;
  Index offset;            ///< within the layer's parameters
  bool is_vector = false;  ///< a bias, of shape (rows) there; cols is 1
  bool is_scale = false;   ///< multiplies what was normalised: weight decay treats it as a bias
  Index size() const { return rows * cols; }
};

/// A layer is a description: sizes and settings, copied freely. Its weights, gradients and
/// activations are views that others own.
///
/// Two constants let a network check its shapes at compile time: `static_in` and `static_out`,
/// a number of features or `dynamic`; an element-wise layer gives out as many features as it
/// takes and has `static constexpr bool elementwise = true` instead. A `name` is what files and
/// messages call the layer.
template <class L>
concept Layer = std::copyable<L> &&
    requires(const L layer, Index features, Rng rng, VectorView<float> params,
             LayerForward<float, cpu::Space> forward, LayerBackward<float, cpu::Space> backward) {
  { layer.num_params() } -> std::same_as<Index>;
  { layer.cache_size(features) } -> std::same_as<Index>;
  { layer.tensors() } -> std::same_as<std::vector<TensorInfo>>;
  layer.init(params, rng);
  layer.forward(forward);
  layer.backward(backward);
} &&(
    requires { requires L::elementwise; } ||
    requires(const L layer) {
      { L::static_in } -> std::convertible_to<Index>;
      { L::static_out } -> std::convertible_to<Index>;
      { layer.in_features() } -> std::same_as<Index>;
      { layer.out_features() } -> std::same_as<Index>;
    });

/// The members of a layer without parameters.
struct NoParameters {
  Index num_params() const { return 0; }
  std::vector<TensorInfo> tensors() const { return {}; }
  template <Real S>
  void init(VectorView<S>, Rng) const {}
};

namespace detail {

template <class L>
concept Elementwise = requires {
  requires L::elementwise;
};

/// Whether `Space` runs layer `First` and the layer `Second` behind it in one pass: then `First`
/// has `forward_with` and `backward_with` (see kd/nn/linear.hpp).
template <class First, class Second, class Space>
inline constexpr bool runs_as_one = false;

/// A layer that changes nothing in inference (dropout) costs nothing there: its output is its
/// input.
template <class L>
concept IdentityInInference = requires {
  requires L::identity_in_inference;
};

}  // namespace detail
}  // namespace kd
