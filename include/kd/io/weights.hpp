// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>
#include <vector>

#include "kd/io/number_type.hpp"
#include "kd/io/tensor_names.hpp"

namespace kd {

/// What has weights that can be saved: a network, or what a method learned
/// (`distiller.state<1>()`).
template <class M>
concept HasTensors = requires(M& model) {
  { model.tensors() } -> std::same_as<std::vector<TensorInfo>>;
  model.params();
};

namespace detail {

template <class View>
struct ViewParts;
template <class T, class SpaceT>
struct ViewParts<VectorView<T, SpaceT>> {
  using Scalar = std::remove_const_t<T>;
  using Space = SpaceT;
  using View = VectorView<const Scalar, Space>;
  static constexpr NumberType type =
      std::is_same_v<Scalar, float> ? NumberType::f32 : NumberType::f64;
};

/// How a model keeps its weights: `Scalar`, `Space`, `View`.
template <class M>
using WeightsOf = ViewParts<decltype(std::declval<M&>().params())>;

/// The space of a model; what methods learned lies in the default one of its kind.
template <class M>
typename WeightsOf<M>::Space space_of(M& model) {
  if constexpr (requires { model.space(); })
    return model.space();
  else
    return {};
}

/// All of them, the statistics of layers too.
template <class M>
auto weights_of(M& model) {
  if constexpr (requires { model.weights(); })
    return model.weights();
  else
    return model.params();
}

/// PyTorch's.
inline std::vector<std::uint64_t> shape_of(const TensorInfo& tensor) {
  if (!tensor.extents.empty()) return {tensor.extents.begin(), tensor.extents.end()};
  const auto rows = static_cast<std::uint64_t>(tensor.rows);
  if (tensor.is_vector) return {rows};
  return {rows, static_cast<std::uint64_t>(tensor.cols)};
}

}  // namespace detail
}  // namespace kd
