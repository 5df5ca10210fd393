// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include "kd/core/error.hpp"
#include "kd/core/finite.hpp"
#include "kd/core/matrix.hpp"

namespace kd {

/// 8-bit samples, such as the pixels of images.
using Bytes = Matrix<std::uint8_t>;

namespace detail {

/// Floats and bytes as they are, other numbers as floats. Throws `DataError` when one is not finite
/// as a float.
template <class Inputs>
auto to_inputs(const Eigen::DenseBase<Inputs>& from) {
  using Number = typename Inputs::Scalar;
  static_assert(std::is_constructible_v<float, Number>, "inputs are numbers that a float can hold");
  if constexpr (std::same_as<Number, float> || std::same_as<Number, std::uint8_t>) {
    return Matrix<Number>(from.derived());
  } else {
    const auto& exact = from.eval();
    Matrix<float> inputs = exact.template cast<float>();
    if constexpr (!std::integral<Number>)
      for (Index j = 0; j < inputs.cols(); ++j)
        for (Index i = 0; i < inputs.rows(); ++i)
          if (!is_finite(inputs(i, j)))
            throw DataError(text("Dataset: expected inputs that are finite as floats, got ",
                                 static_cast<double>(exact(i, j)), " at sample ", j, ", feature ",
                                 i));
    return inputs;
  }
}

}  // namespace detail
}  // namespace kd
