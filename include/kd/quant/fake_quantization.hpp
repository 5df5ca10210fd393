// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "kd/core/finite.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/core/view.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/put.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/space.hpp"
#include "kd/quant/quantization.hpp"

/// Rounding reals to those that integers stand for, with straight-through gradients: what was
/// rounded passes its gradient on as if it had not been, what was cut off has none. Formulas are
/// those of PyTorch's `fake_quantize` and `_fake_quantize_learnable` operators, but that halves are
/// rounded away from zero, as `Quantization::quantise` does.
namespace kd::cpu {

namespace detail {

/// A quantisation in the scalar of a network.
template <Real S>
struct Grid {
  S scale, zero_point, low, high;

  explicit Grid(const quant::Quantization& is)
      : scale(static_cast<S>(is.scale)),
        zero_point(static_cast<S>(is.zero_point)),
        low(static_cast<S>(quant::lowest_of(is.bits))),
        high(static_cast<S>(quant::highest_of(is.bits))) {}
  /// Of weights, which have no zero point.
  Grid(S weight_scale, S lowest, S highest)
      : scale(weight_scale), zero_point(0), low(lowest), high(highest) {}

  /// The integer nearest to `x`, which may be out of reach.
  S integer(S x) const { return std::round(x / scale) + zero_point; }
  bool holds(S q) const { return low <= q && q <= high; }
  /// What the nearest one within reach stands for; NaN stays NaN.
  S nearest(S q) const { return scale * ((q < low ? low : q > high ? high : q) - zero_point); }

  /// The derivative of `nearest(integer(x))` by the scale, the rounding taken as passed through:
  /// what rounding added to `x / scale`, and the end where x was cut off.
  S by_scale(S x) const {
    const S q = integer(x);
    if (q < low) return low - zero_point;
    if (q > high) return high - zero_point;
    return (q - zero_point) - x / scale;
  }
};

inline constexpr double cost_of_rounding = 4;

}  // namespace detail

/// `y = scale (clamp(round(x / scale) + zero_point) - zero_point)`
template <Real S>
void op_fake_quantize(const Space&, const quant::Quantization& is, VectorView<const S> x,
                      VectorView<S> y) {
  const detail::Grid<S> grid(is);
  detail::for_chunks(x.size, detail::cost_of_rounding, [&](Index at, Index n) {
    for (Index i = at; i < at + n; ++i) y.data[i] = grid.nearest(grid.integer(x.data[i]));
  });
}

/// `dx = dy` where x was within reach, else 0.
template <Real S>
void op_fake_quantize_backward(const Space&, const quant::Quantization& is, VectorView<const S> x,
                               VectorView<const S> dy, VectorView<S> dx, Write write) {
  const detail::Grid<S> grid(is);
  detail::for_chunks(x.size, detail::cost_of_rounding, [&](Index at, Index n) {
    for (Index i = at; i < at + n; ++i)
      detail::put(grid.holds(grid.integer(x.data[i])) ? dy.data[i] : S(0), dx.data[i], write);
  });
}

/// The gradient of the scale: the sum of `dy` times what the scale changes of each element. Samples
/// are added up in their order.
template <Real S>
double op_fake_quantize_scale_gradient(const Space&, const quant::Quantization& is,
                                       MatrixView<const S> x, MatrixView<const S> dy) {
  const detail::Grid<S> grid(is);
  double* const sums = scratch<double>(x.cols);
  parallel_for(x.cols, detail::cost_of_rounding * static_cast<double>(x.rows), [&](Index b) {
    sums[b] = 0;
    for (Index i = b * x.rows; i < (b + 1) * x.rows; ++i)
      sums[b] += static_cast<double>(dy.data[i] * grid.by_scale(x.data[i]));
  });
  double sum = 0;
  for (Index b = 0; b < x.cols; ++b) sum += sums[b];
  return sum;
}

/// Rounds means of integers, in place, as `quant::AveragePool` does: halves away from the integer
/// zero, wherever the zero point is. Halves are frequent, and what rounding errors of a float have
/// left of them is pushed over the edge, by less than another mean is away from it.
template <Real S>
void op_round_means(const Space&, const quant::Quantization& is, VectorView<S> y) {
  const detail::Grid<S> grid(is);
  constexpr S push = static_cast<S>(1e-4);
  detail::for_chunks(y.size, detail::cost_of_rounding, [&](Index at, Index n) {
    for (Index i = at; i < at + n; ++i) {
      const S q = y.data[i] / grid.scale + grid.zero_point;
      y.data[i] = grid.nearest(std::round(q + std::copysign(push, q)));
    }
  });
}

/// The smallest and the largest number.
template <Real S>
quant::Range op_range(const Space&, VectorView<const S> x) {
  const auto values = array(x);
  // NaN wins, whatever stands beside it, so that nobody takes the rest for the range.
  return {static_cast<double>(values.template minCoeff<Eigen::PropagateNaN>()),
          static_cast<double>(values.template maxCoeff<Eigen::PropagateNaN>())};
}

/// Weights, a column a channel with a scale of its own, rounded to integers from `low` to `high`.
template <Real S>
void op_fake_quantize_weights(const Space&, MatrixView<const S> weight, VectorView<const S> scales,
                              S low, S high, MatrixView<S> to) {
  parallel_for(weight.cols, detail::cost_of_rounding * static_cast<double>(weight.rows),
               [&](Index c) {
                 const detail::Grid<S> grid(scales.data[c], low, high);
                 for (Index i = c * weight.rows; i < (c + 1) * weight.rows; ++i)
                   to.data[i] = grid.nearest(grid.integer(weight.data[i]));
               });
}

/// From the gradient `drounded` at rounded weights those at the weights and at their scales, the
/// latter times `factor`.
template <Real S>
void op_fake_quantize_weights_backward(const Space&, MatrixView<const S> weight,
                                       VectorView<const S> scales, S low, S high,
                                       MatrixView<const S> drounded, double factor,
                                       MatrixView<S> dweight, VectorView<S> dscales, Write write) {
  parallel_for(
      weight.cols, detail::cost_of_rounding * static_cast<double>(weight.rows), [&](Index c) {
        const detail::Grid<S> grid(scales.data[c], low, high);
        double sum = 0;
        for (Index i = c * weight.rows; i < (c + 1) * weight.rows; ++i) {
          const S w = weight.data[i];
          const S gradient = drounded.data[i];
          sum += static_cast<double>(gradient * grid.by_scale(w));
          detail::put(grid.holds(grid.integer(w)) ? gradient : S(0), dweight.data[i], write);
        }
        detail::put(static_cast<S>(factor * sum), dscales.data[c], write);
      });
}

}  // namespace kd::cpu
