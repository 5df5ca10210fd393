// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/for_elements.hpp"
#include "kd/cpu/products.hpp"
#include "kd/cpu/put.hpp"
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

/// The same for tiles of a table, all of the first rows before those of the next.
template <class Body>
void for_tiles(Index rows, Index tile_rows, Index cols, Index tile_cols, double work, Body&& body) {
  const Index across = (cols + tile_cols - 1) / tile_cols;
  const Index count = (rows + tile_rows - 1) / tile_rows * across;
  parallel_for(count, work / static_cast<double>(count), [&](Index i) {
    const Index row = i / across * tile_rows;
    const Index col = i % across * tile_cols;
    body(row, std::min(rows, row + tile_rows), col, std::min(cols, col + tile_cols));
  });
}

/// What a product with the weights costs, as `parallel_for` counts.
template <Real S>
double product_work(MatrixView<const S> weight, Index batch) {
  return 0.2 * static_cast<double>(weight.size()) * static_cast<double>(batch);
}

}  // namespace detail

#if KD_HAS_VECTORS

namespace detail {

/// Samples that do not fill a vector.
inline constexpr Index few_samples = 4;

/// `y = W x + b`, every output of a sample as a product of two vectors.
///
/// In a step a core takes the same outputs here, in the gradient of their weights and in the
/// optimizer, so that their weights stay in its cache. Of many samples all outputs are taken
/// together, so that each sample is fetched once.
template <Real S>
void linear_by_dots(MatrixView<const S> weight, VectorView<const S> bias, MatrixView<const S> x,
                    MatrixView<S> y) {
  const double work = product_work(weight, x.cols);
  if (x.cols < few_samples) {
    for_pieces(weight.cols, outputs_a_task, work, [&](Index from, Index to) {
      products::dots(weight, x, bias, y, from, to, 0, x.cols);
    });
  } else if (x.cols <= 4 * samples_a_task) {
    for_tiles(weight.cols, products::dot_outputs<S>, x.cols, samples_a_task, work,
              [&](Index from, Index to, Index first, Index last) {
                products::dots(weight, x, bias, y, from, to, first, last);
              });
  } else {
    for_pieces(x.cols, samples_a_task, work, [&](Index first, Index last) {
      products::dots(weight, x, bias, y, 0, weight.cols, first, last);
    });
  }
}

/// `y = W x + b` with vectors along the samples, so that x and y are transposed on the way:
/// `y^T = x^T W`. Each weight is then read once for every 32 samples, as a scalar.
template <Real S>
void linear_transposed(MatrixView<const S> weight, VectorView<const S> bias, MatrixView<const S> x,
                       MatrixView<S> y) {
  // Few weights: a task takes some samples from end to end. Many: it takes some outputs of a panel
  // of samples, so that all tasks together read the weights once.
  const bool shares_samples = weight.size() <= few_weights;
  const auto run = [&](Index first, Index last) {
    const Index samples = last - first;
    S* const room = scratch<S>(samples * (weight.rows + weight.cols));
    const MatrixView<S> x_turned{room, samples, weight.rows};
    const MatrixView<S> y_turned{room + x_turned.size(), samples, weight.cols};
    const MatrixView<S> y_part = y.middle_cols(first, samples);
    products::transpose(x.middle_cols(first, samples), x_turned.data, x_turned.rows);
    const auto multiply = [&](Index from, Index to) {
      products::multiply<S>(x_turned, {weight.data, 1, weight.rows}, y_turned, 0, samples, from, to,
                            Write::overwrite);
    };
    if (shares_samples) {
      multiply(0, weight.cols);
    } else {
      for_pieces(weight.cols, outputs_a_task, product_work(weight, samples), multiply);
    }
    products::transpose<S>(y_turned, y_part.data, y_part.rows);
    for (Index b = 0; b < samples; ++b)
      for_elements<S>(0, y.rows, [&]<Index N>(Width<N>, Index i) {
        put(simd::load<N>(bias.data + i), y_part.data[b * y.rows + i], Write::add);
      });
  };
  if (shares_samples) {
    for_pieces(x.cols, samples_a_task, product_work(weight, x.cols), run);
  } else {
    constexpr Index panel = 2 * simd::width<S>;
    for (Index first = 0; first < x.cols; first += panel)
      run(first, std::min(x.cols, first + panel));
  }
}

}  // namespace detail

/// `y = W x + b`. weight: (in, out), that is PyTorch's (out, in) row-major; x: (in, batch);
/// y: (out, batch).
template <Real S>
void op_linear_forward(const Space&, MatrixView<const S> weight, VectorView<const S> bias,
                       MatrixView<const S> x, MatrixView<S> y) {
  // Turning x over costs as much for few outputs as for many; adding up the vectors of a dot
  // product costs as much for few inputs as for many.
  const bool few_outputs_of_many_inputs =
      weight.size() <= detail::few_weights && weight.rows >= 8 * simd::width<S>;
  if (x.cols < detail::few_samples || few_outputs_of_many_inputs) {
    detail::linear_by_dots(weight, bias, x, y);
  } else {
    detail::linear_transposed(weight, bias, x, y);
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
  if (weight.cols < 2 * detail::outputs_a_task) {
    detail::for_tiles(
        weight.cols, products::tile_columns, weight.rows, detail::inputs_a_task, work,
        [&](Index from, Index to, Index row, Index last) { multiply(row, last, from, to); });
  } else {
    detail::for_pieces(weight.cols, detail::outputs_a_task, work,
                       [&](Index from, Index to) { multiply(0, weight.rows, from, to); });
  }
  for (Index b = 0; b < dy.cols; ++b)
    detail::for_elements<S>(0, dy.rows, [&]<Index N>(detail::Width<N>, Index i) {
      detail::put(simd::load<N>(dy.data + b * dy.rows + i), dbias.data[i],
                  b == 0 ? write_params : Write::add);
    });
  if (dx.empty()) return;
  detail::for_pieces(weight.rows, detail::inputs_a_task, work, [&](Index from, Index to) {
    const products::Factors<S> factors{dy.data, 1, dy.rows};
    if (weight.size() <= detail::few_weights) {
      products::multiply<S>(weight, factors, dx, from, to, 0, x.cols, write_dx);
    } else {
      products::update<S>(weight, factors, dx, from, to, write_dx);
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
