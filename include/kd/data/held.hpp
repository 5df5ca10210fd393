// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "kd/core/matrix.hpp"

namespace kd::detail {

/// A view of numbers, and what owns them unless they stay where they are: copies share them.
template <class View>
struct Held {
  std::shared_ptr<const void> owner = {};
  View view = {};
};

template <class Owned>
auto hold(Owned from) -> Held<decltype(kd::view(std::as_const(from)))> {
  const auto owner = std::make_shared<const Owned>(std::move(from));
  return {owner, kd::view(*owner)};
}

/// Some columns, in the order in which they are named.
template <class T>
auto hold_columns(MatrixView<const T> from, std::span<const Index> columns) {
  Matrix<T> some(from.rows, static_cast<Index>(columns.size()));
  T* to = some.data();
  for (const Index column : columns)
    to = std::copy_n(from.data + column * from.rows, from.rows, to);
  return hold(std::move(some));
}
template <class T>
auto hold_columns(VectorView<const T> from, std::span<const Index> columns) {
  Vector<T> some(static_cast<Index>(columns.size()));
  T* to = some.data();
  for (const Index column : columns) *to++ = from.data[column];
  return hold(std::move(some));
}

}  // namespace kd::detail
