// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <span>
#include <type_traits>

#include "kd/core/error.hpp"
#include "kd/core/matrix.hpp"

namespace kd::detail {

template <class T>
concept EigenDense = std::derived_from<T, Eigen::DenseBase<T>>;

/// A `std::vector`, a `std::span` or what else has its numbers in a row.
template <class T>
concept InARow = !EigenDense<T> && requires(const T& numbers) {
  std::span(numbers);
};

/// `number` as a label. Throws `DataError` when it does not fit.
template <std::integral T>
Label to_label(T number, Index sample) {
  const auto label = static_cast<Label>(number);
  if constexpr (sizeof(T) >= sizeof(Label) && !std::same_as<T, Label>)
    if (static_cast<T>(label) != number || (label < 0) != (number < T{}))
      throw DataError(text("label of sample ", sample, ": ", number, " does not fit 32 bits"));
  return label;
}

/// Throws `ShapeError` for a matrix: as a vector Eigen would take its first column alone.
inline void check_is_vector(Index rows, Index cols) {
  if (rows > 1 && cols > 1)
    throw ShapeError(text("labels: expected a vector, one class a sample, got a matrix (", rows,
                          ", ", cols, "); a one-hot matrix y has the classes y.",
                          rows <= cols ? "col" : "row", "(i).maxCoeff(&labels[i])"));
}

inline Labels to_labels(Labels labels) { return labels; }

/// Integers, one a sample, as labels. Throws `ShapeError` when they are a matrix, `DataError` when
/// one does not fit 32 bits.
template <EigenDense L>
Labels to_labels(const L& from) {
  using Number = typename L::Scalar;
  constexpr bool is_vector = L::RowsAtCompileTime == Eigen::Dynamic || L::RowsAtCompileTime == 1 ||
                             L::ColsAtCompileTime == Eigen::Dynamic || L::ColsAtCompileTime == 1;
  static_assert(std::integral<Number>,
                "labels are integers: labels.cast<kd::Label>(); a one-hot matrix y has the classes "
                "y.col(i).maxCoeff(&labels[i]); real targets are "
                "Dataset(inputs).with_targets(targets)");
  static_assert(is_vector,
                "labels are a vector, one class a sample; a one-hot matrix y has the classes "
                "y.col(i).maxCoeff(&labels[i])");
  Labels labels;
  if constexpr (std::integral<Number> && is_vector) {
    check_is_vector(from.rows(), from.cols());
    const auto& numbers = from.eval();
    labels.resize(numbers.size());
    for (Index i = 0; i < labels.size(); ++i)
      labels(i) = to_label(numbers.cols() == 1 ? numbers(i, 0) : numbers(0, i), i);
  }
  return labels;
}

template <InARow L>
Labels to_labels(const L& from) {
  const std::span numbers(from);
  constexpr bool integers = std::integral<typename decltype(numbers)::value_type>;
  static_assert(integers,
                "labels are integers, one class a sample; real targets are "
                "Dataset(inputs).with_targets(targets)");
  Labels labels(static_cast<Index>(numbers.size()));
  if constexpr (integers)
    for (Index i = 0; i < labels.size(); ++i)
      labels(i) = to_label(numbers[static_cast<std::size_t>(i)], i);
  return labels;
}

/// What labels may be handed over as, by value or by reference.
template <class T>
concept LabelSource = EigenDense<std::remove_cvref_t<T>> || InARow<std::remove_cvref_t<T>>;

}  // namespace kd::detail
