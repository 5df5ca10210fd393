// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/core/types.hpp"

namespace kd {

namespace cpu {
class Space;
}

/// Contiguous numbers in the memory of `Space`, owned by somebody else.
///
/// The space is part of the type: device memory cannot be handed to a host kernel.
template <class T, class Space = cpu::Space>
struct VectorView {
  T* data = nullptr;
  Index size = 0;

  constexpr VectorView() = default;
  constexpr VectorView(T* first, Index count) : data(first), size(count) {}
  /// A view to change converts to one to read.
  template <class U>
  requires(std::is_const_v<T>&& std::is_same_v<const U, T> &&
           !std::is_const_v<U>) constexpr VectorView(VectorView<U, Space> other)
      : data(other.data), size(other.size) {}

  constexpr bool empty() const { return size == 0; }
  constexpr VectorView slice(Index offset, Index count) const { return {data + offset, count}; }
};

/// A column-major matrix without gaps in the memory of `Space`, owned by somebody else.
///
/// One column is one sample: `(features, batch)` here is byte for byte a row-major
/// `(batch, features)` array of NumPy, PyTorch or xtensor.
template <class T, class Space = cpu::Space>
struct MatrixView {
  T* data = nullptr;
  Index rows = 0;
  Index cols = 0;

  constexpr MatrixView() = default;
  constexpr MatrixView(T* first, Index row_count, Index col_count)
      : data(first), rows(row_count), cols(col_count) {}
  /// A view to change converts to one to read.
  template <class U>
  requires(std::is_const_v<T>&& std::is_same_v<const U, T> &&
           !std::is_const_v<U>) constexpr MatrixView(MatrixView<U, Space> other)
      : data(other.data), rows(other.rows), cols(other.cols) {}

  constexpr Index size() const { return rows * cols; }
  constexpr bool empty() const { return data == nullptr; }
  constexpr VectorView<T, Space> flat() const { return {data, size()}; }
  constexpr MatrixView left_cols(Index count) const { return {data, rows, count}; }
  constexpr MatrixView middle_cols(Index first, Index count) const {
    return {data + first * rows, rows, count};
  }
};

}  // namespace kd
