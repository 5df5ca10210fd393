// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/cpu/softmax.hpp"

namespace kd::cpu {

/// `out = (x - mean) / (deviation + 1e-7)` within each sample, the deviation with `features - 1`;
/// `deviations[b]` keeps it for backward. x, out: (features, batch), at least 2 features.
template <Real S>
void op_standardize(const Space&, MatrixView<const S> x, MatrixView<S> out,
                    VectorView<S> deviations) {
  const auto freedom = static_cast<S>(x.rows - 1);
  detail::for_samples(x, 1, [&](Index b) {
    const auto from = array(detail::sample(x, b));
    const S mean = from.mean();
    const S deviation = std::sqrt((from - mean).square().sum() / freedom);
    deviations.data[b] = deviation;
    array(detail::sample(out, b)) = (from - mean) * (S(1) / (deviation + S(1e-7)));
  });
}

/// The gradient through `op_standardize`: with `s = deviation + 1e-7` and y what it gave,
/// `dx += (dy - mean(dy)) / s - y <dy, y> / ((features - 1) deviation)`. Equal features have no
/// deviation, and no second part.
template <Real S>
void op_standardize_backward(const Space&, MatrixView<const S> y, VectorView<const S> deviations,
                             MatrixView<const S> dy, MatrixView<S> dx) {
  const auto freedom = static_cast<S>(y.rows - 1);
  detail::for_samples(y, 1, [&](Index b) {
    const auto y_b = array(detail::sample(y, b));
    const auto dy_b = array(detail::sample(dy, b));
    const S deviation = deviations.data[b];
    const S product = (dy_b * y_b).sum();
    const S shrink = deviation > S(0) ? product / (freedom * deviation) : S(0);
    array(detail::sample(dx, b)) +=
        (dy_b - dy_b.mean()) * (S(1) / (deviation + S(1e-7))) - shrink * y_b;
  });
}

}  // namespace kd::cpu
