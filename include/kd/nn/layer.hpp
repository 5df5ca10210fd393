// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/core/random.hpp"
#include "kd/core/shape.hpp"
#include "kd/core/view.hpp"

namespace kd {

/// What a layer's forward is given. `cache` is room of the layer's own, `cache_size` numbers a
/// sample, which backward finds again; `batch_cache` likewise, `batch_cache_size` numbers a batch.
template <Real S, class Space>
struct LayerForward {
  const Space& space;
  Mode mode;
  Rng rng;  ///< a stream of this layer and this step
  VectorView<const S, Space> params;
  MatrixView<const S, Space> x;  ///< (in, batch)
  MatrixView<S, Space> y;        ///< (out, batch), to be overwritten
  MatrixView<S, Space> cache;    ///< (cache_size, batch); empty in inference
  /// What the other layer gave, where a layer takes two: (in, batch).
  MatrixView<const S, Space> other = {};
  VectorView<const S, Space> statistics = {};  ///< what the layer has seen of its inputs so far
  VectorView<S, Space> batch_cache = {};       ///< empty in inference
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
  /// The gradient at what the other layer gave, where a layer takes two.
  MatrixView<S, Space> dother = {};
  Write write_dother = Write::overwrite;
  VectorView<const S, Space> batch_cache = {};  ///< as forward left it
  VectorView<S, Space> statistics = {};         ///< to be brought up to date; empty: nobody asks
};

/// A named part of a layer's parameters, row-major `(rows, cols)` as PyTorch's state dict has it.
struct TensorInfo {
  std::string name;
  Index rows;
  Index cols;
  Index offset;            ///< within the layer's parameters
  bool is_vector = false;  ///< a bias, of shape (rows) there; cols is 1
  bool is_scale = false;   ///< multiplies what was normalised: weight decay treats it as a bias
  std::vector<Index> extents = {};  ///< its shape there, where that is not one of these two
  Index size() const { return rows * cols; }
};

/// A layer is a description: sizes and settings, copied freely. Its weights, gradients and
/// activations are views that others own.
///
/// Two constants let a network check its shapes at compile time: `static_in` and `static_out`,
/// a number of features or `dynamic`; an element-wise layer gives out as many features as it
/// takes and has `static constexpr bool elementwise = true` instead. What a layer of images gives
/// follows from the shape that it gets: `static_out_shape` says so of the types, and `bind` is
/// told the shape once, before anything else is asked. A `name` is what files and messages call the
/// layer.
///
/// Three more save memory in training: `backward_reads_input = false` and `backward_reads_output =
/// false` where backward needs no x, or no y; `in_place = true` where y may lie where x does, and
/// backward needs no x.
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
    requires(L layer, const L bound, Shape shape) {
      { L::static_out_shape(shape) } -> std::same_as<Shape>;
      layer.bind(shape);
      { bound.out_shape() } -> std::convertible_to<Shape>;
      { bound.in_features() } -> std::same_as<Index>;
      { bound.out_features() } -> std::same_as<Index>;
    } ||
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

/// A layer whose sizes follow from the shape that it gets.
template <class L>
concept Shaped = requires(L layer, Shape shape) {
  L::static_out_shape(shape);
  layer.bind(shape);
};

/// A layer that knows by itself how many features it takes and gives.
template <class L>
concept HasSizes = requires {
  L::static_in;
  L::static_out;
};

/// A layer with statistics of its inputs: `num_statistics()` numbers, named by `statistics()` and
/// first set by `init_statistics(view)`. They belong to a network as its parameters do, but are not
/// trained.
template <class L>
concept HasStatistics = requires(const L layer) {
  { layer.num_statistics() } -> std::same_as<Index>;
};

template <class L>
Index num_statistics(const L& layer) {
  if constexpr (HasStatistics<L>)
    return layer.num_statistics();
  else
    return 0;
}

/// Numbers that a layer keeps of a batch for its backward.
template <class L>
Index batch_cache_size(const L& layer) {
  if constexpr (requires { layer.batch_cache_size(); })
    return layer.batch_cache_size();
  else
    return 0;
}

/// A layer that takes what two layers give.
template <class L>
concept TakesTwo = requires {
  requires L::takes_two;
};

/// When two layers are run in one pass.
enum class AsOne { never, in_inference, always };

/// When `Space` runs layer `First` and the layer `Second` behind it in one pass: then `First` has
/// `forward_with`, and where that is so in training `backward_with` (see kd/nn/linear.hpp).
template <class First, class Second, class Space>
inline constexpr AsOne runs_as_one = AsOne::never;

/// Layer `I` of an architecture, counted from 1.
template <class Architecture, Index I>
using LayerAt =
    std::remove_cvref_t<decltype(std::declval<const Architecture&>().template layer<I>())>;

/// When layer `I` of an architecture is run with the one behind it.
template <class Architecture, class Space, Index I>
constexpr AsOne runs_with_next() {
  if constexpr (I < 1 || I >= Architecture::depth) {
    return AsOne::never;
  } else if constexpr (Architecture::sources(I + 1).first != I) {
    return AsOne::never;
  } else {
    return runs_as_one<LayerAt<Architecture, I>, LayerAt<Architecture, I + 1>, Space>;
  }
}

/// What a layer's backward reads of its forward, as far as it says.
template <class L>
constexpr bool backward_reads_input() {
  if constexpr (requires { L::backward_reads_input; }) return L::backward_reads_input;
  return true;
}
template <class L>
constexpr bool backward_reads_output() {
  if constexpr (requires { L::backward_reads_output; }) return L::backward_reads_output;
  return true;
}

/// A layer that may write what it gives over what it takes.
template <class L>
concept WorksInPlace = requires {
  requires L::in_place;
  requires !L::backward_reads_input;
};

/// A layer that changes nothing in inference (dropout) costs nothing there: its output is its
/// input.
template <class L>
concept IdentityInInference = requires {
  requires L::identity_in_inference;
};

}  // namespace detail
}  // namespace kd
