// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "kd/core/matrix.hpp"
#include "kd/cpu/softmax.hpp"

namespace kd::cpu {

/// Each sample made to have mean 0 and variance 1, then scaled and shifted feature by feature:
/// `y = (x - mean) / sqrt(variance + eps) weight + bias`, the variance over all of the features.
/// x, y: (features, batch). `moments` (2, batch) keeps mean and `1 / sqrt(variance + eps)` for
/// backward, unless it is empty.
template <Real S>
void op_layer_norm_forward(const Space&, VectorView<const S> weight, VectorView<const S> bias,
                           S eps, MatrixView<const S> x, MatrixView<S> y, MatrixView<S> moments) {
  detail::for_samples(x, 1, [&](Index b) {
    const auto from = array(detail::sample(x, b));
    const S mean = from.mean();
    const S inverse = S(1) / std::sqrt((from - mean).square().mean() + eps);
    array(detail::sample(y, b)) = (from - mean) * inverse * array(weight) + array(bias);
    if (moments.empty()) return;
    moments.data[2 * b] = mean;
    moments.data[2 * b + 1] = inverse;
  });
}

/// With `n = (x - mean) / sqrt(variance + eps)` and `g = weight dy`:
/// `dx = (g - mean(g) - n mean(g n)) / sqrt(variance + eps)`, `dweight = sum of dy n`,
/// `dbias = sum of dy` over the batch, in its order; each written or added as told. An empty `dx`
/// is not wanted.
template <Real S>
void op_layer_norm_backward(const Space&, VectorView<const S> weight, MatrixView<const S> x,
                            MatrixView<const S> moments, MatrixView<const S> dy,
                            VectorView<S> dweight, VectorView<S> dbias, Write write_params,
                            MatrixView<S> dx, Write write_dx) {
  constexpr Index piece = 256;  // features that a task sums up
  parallel_for((x.rows + piece - 1) / piece, 4. * piece * static_cast<double>(x.cols),
               [&](Index i) {
                 const Index first = i * piece;
                 const Index count = std::min(piece, x.rows - first);
                 auto to_weight = array(dweight.slice(first, count));
                 auto to_bias = array(dbias.slice(first, count));
                 if (write_params == Write::overwrite) {
                   to_weight.setZero();
                   to_bias.setZero();
                 }
                 for (Index b = 0; b < x.cols; ++b) {
                   const auto x_b = array(detail::sample(x, b).slice(first, count));
                   const auto dy_b = array(detail::sample(dy, b).slice(first, count));
                   const S mean = moments.data[2 * b];
                   const S inverse = moments.data[2 * b + 1];
                   to_weight += dy_b * ((x_b - mean) * inverse);
                   to_bias += dy_b;
                 }
               });
  if (dx.empty()) return;
  detail::for_samples(x, 1, [&](Index b) {
    const S mean = moments.data[2 * b];
    const S inverse = moments.data[2 * b + 1];
    const auto n = (array(detail::sample(x, b)) - mean) * inverse;
    const auto g = array(weight) * array(detail::sample(dy, b));
    const S g_mean = g.mean();
    const S along = (g * n).mean();
    auto to = array(detail::sample(dx, b));
    if (write_dx == Write::overwrite) {
      to = (g - g_mean - n * along) * inverse;
    } else {
      to += (g - g_mean - n * along) * inverse;
    }
  });
}

}  // namespace kd::cpu
