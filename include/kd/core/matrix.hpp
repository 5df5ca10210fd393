// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <type_traits>

#include "kd/core/view.hpp"

namespace kd {

/// A matrix of the user's, one column a sample; column-major whatever Eigen's default is.
template <class S>
using Matrix = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;

template <class S>
using Vector = Eigen::Matrix<S, Eigen::Dynamic, 1, Eigen::ColMajor>;

/// The classes of samples, one a row.
using Labels = Vector<Label>;

/// What a function takes where the user may hand a matrix, a block of columns or a map, without a
/// copy; what is not column-major is copied.
template <class S>
using MatrixRef = Eigen::Ref<const Matrix<S>>;

/// A host view as an Eigen matrix, without a copy. Its sizes are dynamic, so that fifty layer
/// shapes share one instantiation of each product.
template <class T>
auto map(MatrixView<T> x) {
  using M = Matrix<std::remove_const_t<T>>;
  return Eigen::Map<std::conditional_t<std::is_const_v<T>, const M, M>>(x.data, x.rows, x.cols);
}

template <class T>
auto map(VectorView<T> x) {
  using V = Vector<std::remove_const_t<T>>;
  return Eigen::Map<std::conditional_t<std::is_const_v<T>, const V, V>>(x.data, x.size);
}

/// The same for arithmetic element by element.
template <class T>
auto array(VectorView<T> x) {
  using A = Eigen::Array<std::remove_const_t<T>, Eigen::Dynamic, 1, Eigen::ColMajor>;
  return Eigen::Map<std::conditional_t<std::is_const_v<T>, const A, A>>(x.data, x.size);
}

/// An Eigen matrix as a view of all of it.
template <class S>
MatrixView<const S> view(const Matrix<S>& x) {
  return {x.data(), x.rows(), x.cols()};
}
template <class S>
MatrixView<S> view(Matrix<S>& x) {
  return {x.data(), x.rows(), x.cols()};
}
template <class S>
VectorView<const S> view(const Vector<S>& x) {
  return {x.data(), x.size()};
}
template <class S>
VectorView<S> view(Vector<S>& x) {
  return {x.data(), x.size()};
}

}  // namespace kd
