// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "kd/core/matrix.hpp"
#include "kd/io/npy.hpp"

/// Numbers that PyTorch computed (tests/golden/README.md): the name is that of the file, without
/// its ending, such as "cross_entropy/random_logits".
namespace kd::test {

/// An array (N, ...) as a matrix with N columns.
template <class T = double>
Matrix<T> golden(const std::string& name) {
  return load_npy<T>(std::string(KD_GOLDEN_DIR "/") + name + ".npy");
}

/// An array (N) as a vector.
template <class T = double>
Vector<T> golden_vector(const std::string& name) {
  return golden<T>(name).reshaped();
}

inline Labels golden_labels(const std::string& name) { return golden_vector<Label>(name); }

/// Entry `i` of an array (settings, N, C), read by `golden`, as a matrix (C, N).
template <class T>
Matrix<T> entry(const Matrix<T>& swept, Index i, Index classes) {
  return swept.col(i).reshaped(classes, swept.rows() / classes);
}

/// The largest distance between two matrices of one shape, relative to the larger of each two
/// numbers, or to `floor` where both are smaller. A NaN counts as infinitely far.
template <class A, class B>
double relative_distance(const Eigen::MatrixBase<A>& got, const Eigen::MatrixBase<B>& expected,
                         double floor) {
  if (got.rows() != expected.rows() || got.cols() != expected.cols())
    throw ShapeError("relative_distance: the shapes differ");
  double worst = 0;
  for (Index j = 0; j < got.cols(); ++j) {
    for (Index i = 0; i < got.rows(); ++i) {
      const auto a = static_cast<double>(got(i, j));
      const auto b = static_cast<double>(expected(i, j));
      const double distance = std::abs(a - b) / std::max({std::abs(a), std::abs(b), floor});
      if (!(distance <= worst)) worst = distance;
      if (std::isnan(worst)) return std::numeric_limits<double>::infinity();
    }
  }
  return worst;
}

}  // namespace kd::test
