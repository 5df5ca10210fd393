// SPDX-License-Identifier: MIT
#pragma once

#if __has_include(<xtensor/containers/xadapt.hpp>)  // xtensor 0.26 and later
#include <xtensor/containers/xadapt.hpp>
#elif __has_include(<xtensor/xadapt.hpp>)
#include <xtensor/xadapt.hpp>
#else
#error "kd/interop/xtensor.hpp needs xtensor's headers (Debian: libxtensor-dev; target kd::xtensor)"
#endif

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>

#include "kd/core/error.hpp"
#include "kd/core/matrix.hpp"

/// xtensor arrays as kd's inputs, logits and labels, and kd's matrices as xtensor arrays; nothing
/// is copied either way, since a row-major (samples, features) array has the bytes of kd's
/// column-major (features, samples) matrix.
///
///     const xt::xarray<float> images = ...;  // (samples, channels, height, width)
///     const auto data = kd::Dataset::of_views(kd::as_matrix(images), kd::as_labels(classes));
///     const kd::Matrix<float> logits = network.predict(map(kd::as_matrix(images)));
///     std::cout << xt::mean(kd::as_xtensor(logits), {0});  // (samples, classes)
namespace kd {

namespace detail {

/// The numbers of the array lie in memory: a container, an adaptor or a view of one.
template <class A>
concept XtensorInMemory = requires(const A& array) {
  array.data();
  array.data_offset();
  array.strides();
  array.shape();
};

template <class Shape>
std::string tuple_text(const Shape& shape) {
  std::string all;
  for (const auto each : shape) all += (all.empty() ? "" : ", ") + std::to_string(each);
  return "(" + all + ")";
}

/// The strides are those of a row-major array without gaps; they do not matter along an axis of
/// one, nor where there is no element.
template <class A>
void check_row_major(const char* where, const A& array) {
  const auto& shape = array.shape();
  const auto& strides = array.strides();
  std::ptrdiff_t expected = 1;
  bool contiguous = true;
  for (std::size_t i = array.dimension(); i-- > 0;) {
    if (shape[i] > 1 && static_cast<std::ptrdiff_t>(strides[i]) != expected) contiguous = false;
    expected *= static_cast<std::ptrdiff_t>(shape[i]);
  }
  if (!contiguous && expected != 0)
    throw ShapeError(text(where, ": expected a row-major array without gaps, got strides ",
                          tuple_text(strides), " for the shape ", tuple_text(shape)));
}

template <class A>
auto* first_element(const A& array) {
  return array.data() + array.data_offset();
}

template <class A>
constexpr void require_in_memory() {
  static_assert(XtensorInMemory<A>,
                "a lazy xtensor expression has no numbers in memory yet: evaluate it into an "
                "xt::xarray first");
}

}  // namespace detail

/// An array (samples, features) or (samples, channels, height, width), any number of axes behind
/// the first, as a matrix (features, samples). The array must outlive it.
/// Throws `ShapeError` when it has fewer than two axes or is not row-major without gaps.
template <class A>
MatrixView<const typename A::value_type> as_matrix(const A& array) {
  detail::require_in_memory<A>();
  if (array.dimension() < 2)
    throw ShapeError(
        detail::text("as_matrix: expected an array (samples, features...), got one of ", "shape ",
                     detail::tuple_text(array.shape())));
  detail::check_row_major("as_matrix", array);
  Index features = 1;
  for (std::size_t i = 1; i < array.dimension(); ++i)
    features *= static_cast<Index>(array.shape()[i]);
  return {detail::first_element(array), features, static_cast<Index>(array.shape()[0])};
}
/// A temporary array would be gone before its view is used.
template <class A>
requires(!std::is_lvalue_reference_v<A>) void as_matrix(A&& array) = delete;

/// An array (samples) of 32-bit classes as labels. The array must outlive it.
/// Throws `ShapeError` when it has not one axis or has gaps.
template <class A>
VectorView<const Label> as_labels(const A& array) {
  detail::require_in_memory<A>();
  static_assert(std::is_same_v<typename A::value_type, Label>,
                "labels are 32-bit integers: xt::xarray<kd::Label> labels = "
                "xt::cast<kd::Label>(array)");
  if (array.dimension() != 1)
    throw ShapeError(
        detail::text("as_labels: expected an array (samples), got one of shape ",
                     detail::tuple_text(array.shape()),
                     "; a one-hot array y has the classes xt::cast<kd::Label>(xt::argmax(y, 1))"));
  detail::check_row_major("as_labels", array);
  return {detail::first_element(array), static_cast<Index>(array.shape()[0])};
}
template <class A>
requires(!std::is_lvalue_reference_v<A>) void as_labels(A&& array) = delete;

/// A matrix (features, samples) as an xtensor array (samples, features), to read or to change.
/// The matrix must outlive it.
template <class T>
auto as_xtensor(MatrixView<T> x) {
  const std::array<std::size_t, 2> shape{static_cast<std::size_t>(x.cols),
                                         static_cast<std::size_t>(x.rows)};
  return xt::adapt<xt::layout_type::row_major>(x.data, static_cast<std::size_t>(x.size()),
                                               xt::no_ownership(), shape);
}
template <class S>
auto as_xtensor(Matrix<S>& x) {
  return as_xtensor(view(x));
}
template <class S>
auto as_xtensor(const Matrix<S>& x) {
  return as_xtensor(view(x));
}
template <class S>
void as_xtensor(const Matrix<S>&& x) = delete;

/// Labels or other numbers, one a sample, as an xtensor array (samples).
template <class T>
auto as_xtensor(VectorView<T> x) {
  const std::array<std::size_t, 1> shape{static_cast<std::size_t>(x.size)};
  return xt::adapt<xt::layout_type::row_major>(x.data, static_cast<std::size_t>(x.size),
                                               xt::no_ownership(), shape);
}
template <class S>
auto as_xtensor(Vector<S>& x) {
  return as_xtensor(view(x));
}
template <class S>
auto as_xtensor(const Vector<S>& x) {
  return as_xtensor(view(x));
}
template <class S>
void as_xtensor(const Vector<S>&& x) = delete;

}  // namespace kd
