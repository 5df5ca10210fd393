// SPDX-License-Identifier: MIT
#pragma once

#include "kd/data/standardization.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/network.hpp"

namespace kd {

/// Changes the first layer so that the network takes inputs as they are and gives what it gave for
/// standardised ones, up to rounding: `W' = W / deviation`, `b' = b - W mean / deviation`, computed
/// in double. Then a device needs no standardisation.
///
/// For a network on the CPU whose first layer is a `Linear`. Throws `ShapeError` when it takes
/// other features; `DataError` when a number is beyond what the network's scalar holds, and the
/// network stays as it was.
template <class N>
void fold_standardization(const Standardization& standard, N& network) {
  using S = typename N::Scalar;
  const auto& layer = network.architecture().template layer<1>();
  static_assert(detail::is_linear<std::remove_cvref_t<decltype(layer)>>,
                "a standardisation is folded into a network whose first layer is Linear");
  static_assert(std::same_as<typename N::Space, cpu::Space>,
                "a standardisation is folded into a network on the CPU: kd::download it first");
  const Index in = layer.in_features();
  detail::check_equal("fold_standardization", "features, as the network takes", in,
                      standard.mean().size());
  // (out, in) row-major is (in, out) column-major.
  const VectorView<S> params = network.params().slice(0, layer.num_params());
  const MatrixView<S> weight{params.data, in, layer.out_features()};
  Vector<S> all(params.size);
  S* bias = all.data() + weight.size();
  for (Index o = 0; o < weight.cols; ++o) {
    double rest = static_cast<double>(params.data[weight.size() + o]);
    for (Index i = 0; i < in; ++i) {
      const double folded =
          static_cast<double>(weight.data[o * in + i]) / standard.deviation().data()[i];
      all.data()[o * in + i] = static_cast<S>(folded);
      rest -= folded * standard.mean().data()[i];
    }
    bias[o] = static_cast<S>(rest);
  }
  for (Index i = 0; i < all.size(); ++i)
    if (!detail::is_finite(all(i)))
      throw DataError(
          detail::text("fold_standardization: a ", i < weight.size() ? "weight" : "bias",
                       " of the first layer would not be finite in ", detail::scalar_name<S>,
                       ", of feature or output ", i < weight.size() ? i % in : i - weight.size()));
  map(params) = all;
}

}  // namespace kd
