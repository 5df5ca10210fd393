// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "kd/core/error.hpp"
#include "kd/core/matrix.hpp"
#include "kd/cpu/ops/argmax.hpp"

namespace kd {

namespace detail {

/// The logits of samples as a matrix of its own. Throws `ShapeError` when there are no classes,
/// `DataError` where a logit is NaN or plus infinity, which no probability follows from.
template <class Logits>
Matrix<typename Logits::Scalar> usable_logits(const char* where,
                                              const Eigen::MatrixBase<Logits>& logits) {
  Matrix<typename Logits::Scalar> z = logits;
  if (z.rows() < 1) throw ShapeError(text(where, ": expected logits (classes, samples), got none"));
  for (Index b = 0; b < z.cols(); ++b)
    for (const auto value : z.col(b))
      if (is_nan(static_cast<double>(value)) || value == positive_infinity<typename Logits::Scalar>)
        throw DataError(text(where, ": expected finite logits, got ", static_cast<double>(value),
                             " for sample ", b));
  return z;
}

}  // namespace detail

/// The probabilities that logits stand for: `softmax(z / temperature)` of each column.
///
/// logits: (classes, samples), as `Network::predict` gives them, or the vector of one sample; the
/// result is of the same shape. Throws `ConfigError` when the temperature is not between 1e-18 and
/// 1e18, `ShapeError` without classes, `DataError` where a logit is NaN or infinite; minus infinity
/// is a class that is impossible, if not all are.
template <class Logits>
requires Real<typename Logits::Scalar> Matrix<typename Logits::Scalar> softmax(
    const Eigen::MatrixBase<Logits>& logits, double temperature = 1) {
  using S = typename Logits::Scalar;
  detail::check_temperature("softmax: temperature", temperature);
  Matrix<S> p = detail::usable_logits("softmax", logits);
  for (Index b = 0; b < p.cols(); ++b) {
    const S most = p.col(b).maxCoeff();
    if (most == -detail::positive_infinity<S>)
      throw DataError(
          detail::text("softmax: expected a finite logit, got -inf for all of sample ", b));
    p.col(b) = ((p.col(b).array() - most) / static_cast<S>(temperature)).exp();
    p.col(b) /= p.col(b).sum();
  }
  return p;
}

/// The class of the largest logit of every sample, of equals the first: (samples).
///
/// logits: (classes, samples). Throws `ShapeError` without classes, `DataError` where a logit is
/// NaN or plus infinity.
template <class Logits>
requires Real<typename Logits::Scalar> Labels classify(const Eigen::MatrixBase<Logits>& logits) {
  const auto z = detail::usable_logits("classify", logits);
  Labels classes(z.cols());
  op_argmax(cpu::Space{}, view(z), view(classes));
  return classes;
}

/// The k likeliest classes of every sample, likeliest first.
template <Real S>
struct TopClasses {
  Matrix<Label> classes;  ///< (k, samples)
  Matrix<S> logits;       ///< (k, samples)
};

/// The classes with the k largest logits of every sample, largest first, of equals the first class.
///
/// logits: (classes, samples). Throws `ConfigError` when k is not between 1 and the number of
/// classes, `ShapeError` without classes, `DataError` where a logit is NaN or plus infinity.
template <class Logits>
requires Real<typename Logits::Scalar> TopClasses<typename Logits::Scalar> top_k(
    const Eigen::MatrixBase<Logits>& logits, Index k) {
  using S = typename Logits::Scalar;
  const Matrix<S> z = detail::usable_logits("top_k", logits);
  if (k < 1 || k > z.rows())
    throw ConfigError(detail::text("top_k: k must be from 1 to ", z.rows(), ", got ", k));
  TopClasses<S> top{Matrix<Label>(k, z.cols()), Matrix<S>(k, z.cols())};
  Labels order(z.rows());
  for (Index b = 0; b < z.cols(); ++b) {
    std::iota(order.begin(), order.end(), Label{0});
    std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](Label i, Label j) {
      return z(i, b) > z(j, b) || (z(i, b) == z(j, b) && i < j);
    });
    top.classes.col(b) = order.head(k);
    for (Index i = 0; i < k; ++i) top.logits(i, b) = z(order(i), b);
  }
  return top;
}

}  // namespace kd
