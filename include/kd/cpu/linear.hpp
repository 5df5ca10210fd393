// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/products.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

// What one task of a product computes. The pieces do not depend on the number of threads, hence
// neither do the results.
inline constexpr Index outputs_a_task = 48;
inline constexpr Index inputs_a_task = 192;
inline constexpr Index samples_a_task = 16;
/// Weights up to which every task reads all of them.
inline constexpr Index few_weights = 1 << 16;

/// Calls `body(first, last)` for pieces of `[0, size)`, spread over the threads.
template <class Body>
void for_pieces(Index size, Index piece, double work, Body&& body) {
  const Index count = (size + piece - 1) / piece;
  parallel_for(count, work / static_cast<double>(count),
               [&](Index i) { body(i * piece, std::min(size, (i + 1) * piece)); });
}

/// What a product with the weights costs, as `parallel_for` counts.
template <Real S>
double product_work(MatrixView<const S> weight, Index batch) {
  return 0.2 * static_cast<double>(weight.size()) * static_cast<double>(batch);
}

}  // namespace detail

#if KD_HAS_VECTORS

/// `y = W x + b`. weight: (in, out), that is PyTorch's (out, in) row-major; x: (in, batch);
/// y: (out, batch).
///
/// Vectors run along the samples, so x and y are turned over on the way: `y^T = x^T W`. Each
/// weight is then read once for every 32 samples, as a single number.
template <Real S>
void op_linear_forward(const Space&, MatrixView<const S> weight, VectorView<const S> bias,
                       MatrixView<const S> x, MatrixView<S> y) {
  constexpr Index least = 4;  // with fewer samples the vectors would be mostly empty
  if (x.cols < least) {
    map(y).colwise() = map(bias);
    for (Index b = 0; b < x.cols; ++b)
      map(y).col(b).noalias() += map(weight).transpose() * map(x).col(b);
    return;
  }
  // Few weights: a task takes some samples from end to end. Many: it takes some outputs of a panel
  // of samples, so that all tasks together read the weights once.
  const bool shares_samples = weight.size() <= detail::few_weights;
  const auto run = [&](Index first, Index last) {
    const Index samples = last - first;
    S* const room = scratch<S>(samples * (weight.rows + weight.cols));
    const MatrixView<S> x_turned{room, samples, weight.rows};
    const MatrixView<S> y_turned{room + x_turned.size(), samples, weight.cols};
    const MatrixView<S> y_part = y.middle_cols(first, samples);
    products::transpose(x.middle_cols(first, samples), x_turned);
    const auto multiply = [&](Index from, Index to) {
      products::multiply<S>(x_turned, {weight.data, 1, weight.rows}, y_turned, 0, samples, from, to,
                            Write::overwrite);
    };
    if (shares_samples) {
      multiply(0, weight.cols);
    } else {
      detail::for_pieces(weight.cols, detail::outputs_a_task, detail::product_work(weight, samples),
                         multiply);
    }
    products::transpose<S>(y_turned, y_part);
    map(y_part).colwise() += map(bias);
  };
  if (shares_samples) {
    detail::for_pieces(x.cols, detail::samples_a_task, detail::product_work(weight, x.cols), run);
  } else {
    constexpr Index panel = 2 * simd::width<S>;
    for (Index first = 0; first < x.cols; first += panel)
      run(first, std::min(x.cols, first + panel));
  }
}

/// `dW = x dy^T`, `db = sum of dy over the batch`, `dx = W^T dy`, each written or added as told.
/// An empty `dx` is not wanted.
template <Real S>
void op_linear_backward(const Space&, MatrixView<const S> weight, MatrixView<const S> x,
                        MatrixView<const S> dy, MatrixView<S> dweight, VectorView<S> dbias,
                        Write write_params, MatrixView<S> dx, Write write_dx) {
  constexpr Index depth = 512;  // of a sum at a time: what it reads stays in the second cache
  const auto multiply = [&](Index row, Index last, Index from, Index to) {
    for (Index b = 0; b < x.cols; b += depth) {
      const Index samples = std::min(depth, x.cols - b);
      products::multiply<S>(x.middle_cols(b, samples), {dy.data + b * dy.rows, dy.rows, 1}, dweight,
                            row, last, from, to, b == 0 ? write_params : Write::add);
    }
  };
  const double work = detail::product_work(weight, x.cols);
  if (weight.cols < 2 * detail::outputs_a_task) {  // too few to share
    detail::for_pieces(weight.rows, detail::inputs_a_task, work,
                       [&](Index row, Index last) { multiply(row, last, 0, weight.cols); });
  } else {
    detail::for_pieces(weight.cols, detail::outputs_a_task, work,
                       [&](Index from, Index to) { multiply(0, weight.rows, from, to); });
  }
  if (write_params == Write::overwrite) {
    map(dbias) = map(dy).rowwise().sum();
  } else {
    map(dbias) += map(dy).rowwise().sum();
  }
  if (dx.empty()) return;
  detail::for_pieces(weight.rows, detail::inputs_a_task, work, [&](Index from, Index to) {
    for (Index o = 0; o < weight.cols; o += depth) {
      const Index outputs = std::min(depth, weight.cols - o);
      products::multiply<S>(weight.middle_cols(o, outputs), {dy.data + o, 1, dy.rows}, dx, from, to,
                            0, x.cols, o == 0 ? write_dx : Write::add);
    }
  });
}

#else

// Other compilers: Eigen's products, on one thread.

template <Real S>
void op_linear_forward(const Space&, MatrixView<const S> weight, VectorView<const S> bias,
                       MatrixView<const S> x, MatrixView<S> y) {
  map(y).noalias() = map(weight).transpose() * map(x);
  map(y).colwise() += map(bias);
}

template <Real S>
void op_linear_backward(const Space&, MatrixView<const S> weight, MatrixView<const S> x,
                        MatrixView<const S> dy, MatrixView<S> dweight, VectorView<S> dbias,
                        Write write_params, MatrixView<S> dx, Write write_dx) {
  if (write_params == Write::overwrite) {
    map(dweight).noalias() = map(x) * map(dy).transpose();
    map(dbias) = map(dy).rowwise().sum();
  } else {
    map(dweight).noalias() += map(x) * map(dy).transpose();
    map(dbias) += map(dy).rowwise().sum();
  }
  if (dx.empty()) return;
  if (write_dx == Write::overwrite) {
    map(dx).noalias() = map(weight) * map(dy);
  } else {
    map(dx).noalias() += map(weight) * map(dy);
  }
}

#endif

}  // namespace kd::cpu
