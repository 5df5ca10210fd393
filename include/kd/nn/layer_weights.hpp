// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/core/matrix.hpp"
#include "kd/core/named_options.hpp"
#include "kd/core/view.hpp"

namespace kd {

/// The weights of one layer of a network on the CPU as Eigen maps, not copies: what is written into
/// them is what the network computes with. They are there for as long as the network is.
///
/// `T` is `const S` where the network is const.
template <class L, class T>
class LayerWeights {
  using S = std::remove_const_t<T>;
  using RowMajor = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

 public:
  LayerWeights(const L& layer, VectorView<T> params) : layer_(layer), params_(params) {}

  /// (out, in), row-major, as PyTorch's `weight`; (features) of a layer that scales each feature.
  auto weight() const {
    if constexpr (requires { VectorView<T>(layer_.weight(params_)); }) {
      return map(layer_.weight(params_));
    } else if constexpr (requires { layer_.weight(params_); }) {
      const MatrixView<T> columns = layer_.weight(params_);
      using Mapped = std::conditional_t<std::is_const_v<T>, const RowMajor, RowMajor>;
      return Eigen::Map<Mapped>(columns.data, columns.cols, columns.rows);
    } else {
      static_assert(detail::never<L>, "this layer has no weight: a kd::Linear has one");
    }
  }

  /// (out)
  auto bias() const {
    if constexpr (requires { layer_.bias(params_); }) {
      return map(layer_.bias(params_));
    } else {
      static_assert(detail::never<L>, "this layer has no bias: a kd::Linear has one");
    }
  }

 private:
  const L& layer_;
  VectorView<T> params_;
};

}  // namespace kd
