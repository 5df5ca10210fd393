// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <span>
#include <utility>

#include "kd/core/error.hpp"
#include "kd/core/finite.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/to_labels.hpp"

namespace kd {

/// 8-bit samples, such as the pixels of images.
using Bytes = Matrix<std::uint8_t>;

namespace detail {

/// What the samples of a data set may be handed over as, by value or by reference.
template <class T>
concept NumberSource = EigenDense<std::remove_cvref_t<T>> || InARow<std::remove_cvref_t<T>>;

/// Numbers of any type as floats, (rows, samples). Throws `DataError` when one is not finite as a
/// float; `what` and `row` are what a number and its row are called.
template <class Numbers>
Matrix<float> to_floats(const char* what, const char* row, const Eigen::DenseBase<Numbers>& from) {
  using Number = typename Numbers::Scalar;
  static_assert(std::is_constructible_v<float, Number>, "inputs are numbers that a float can hold");
  const auto& exact = from.eval();
  Matrix<float> floats = exact.template cast<float>();
  if constexpr (!std::integral<Number>)
    for (Index j = 0; j < floats.cols(); ++j)
      for (Index i = 0; i < floats.rows(); ++i)
        if (!is_finite(floats(i, j)))
          throw DataError(text("Dataset: expected ", what, " that are finite as floats, got ",
                               static_cast<double>(exact(i, j)), " at sample ", j, ", ", row, " ",
                               i));
  return floats;
}

/// Floats and bytes as they are, other numbers as floats. Throws `DataError` when one is not finite
/// as a float.
inline Matrix<float> to_inputs(Matrix<float> inputs) { return inputs; }
inline Bytes to_inputs(Bytes inputs) { return inputs; }
template <class Inputs>
auto to_inputs(const Eigen::DenseBase<Inputs>& from) {
  using Number = typename Inputs::Scalar;
  if constexpr (std::same_as<Number, float> || std::same_as<Number, std::uint8_t>)
    return Matrix<Number>(from.derived());
  else
    return to_floats("inputs", "feature", from);
}

/// Throws `DataError` when there is no sample, or none has a feature.
template <class T>
void check_not_empty(MatrixView<const T> inputs) {
  if (inputs.cols < 1 || inputs.rows < 1)
    throw DataError(text("Dataset: expected at least one sample, got inputs (", inputs.rows,
                         " features, ", inputs.cols, " samples)"));
}

/// Throws `DataError` when an input is not finite.
inline void check_finite(MatrixView<const std::uint8_t>) {}
inline void check_finite(MatrixView<const float> inputs) {
  for (Index i = 0; i < inputs.size(); ++i)
    if (!is_finite(inputs.data[i]))
      throw DataError(text("Dataset: expected finite inputs, got ", inputs.data[i], " at sample ",
                           i / inputs.rows, ", feature ", i % inputs.rows));
}

/// One number a sample, in any vector, or a matrix of them, (rows, samples), as floats; what says
/// at compile time that it is a column is one row.
template <NumberSource N>
Matrix<float> to_rows(const char* what, const N& from) {
  if constexpr (InARow<N>) {
    const std::span numbers(from);
    using Number = typename decltype(numbers)::value_type;
    return to_floats(what, "row",
                     Eigen::Map<const Eigen::Matrix<Number, 1, Eigen::Dynamic>>(
                         numbers.data(), static_cast<Index>(numbers.size())));
  } else if constexpr (N::ColsAtCompileTime == 1 && N::RowsAtCompileTime != 1) {
    return to_floats(what, "row", from.transpose());
  } else {
    return to_floats(what, "row", from);
  }
}

}  // namespace detail
}  // namespace kd
