// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// The negative log-likelihood of the target under a normal distribution around y, its constant
/// left out: `values[b]` = mean over the features d of `((y - t)^2 / v_d + log v_d) / 2`, where
/// `v_d = softplus(spread_d) + 1e-5`. dy, which may be y, is overwritten; dspread is added to.
template <Real S>
void op_gaussian_likelihood(const Space&, MatrixView<const S> y, MatrixView<const S> target,
                            VectorView<const S> spread, S scale, MatrixView<S> dy,
                            VectorView<S> dspread, VectorView<S> values) {
  const Index features = y.rows;
  const S share = S(1) / static_cast<S>(features);
  S* const room = scratch<S>(3 * features);
  auto precision = array(VectorView<S>{room, features});
  auto log_variance = array(VectorView<S>{room + features, features});
  auto squares = array(VectorView<S>{room + 2 * features, features});
  const auto s = array(spread);
  precision = (s.max(S(0)) + (-s.abs()).exp().log1p() + S(1e-5)).inverse();
  log_variance = -precision.log();
  squares.setZero();
  const auto error = [&](Index b) { return map(y).col(b).array() - map(target).col(b).array(); };
  for (Index b = 0; b < y.cols; ++b) squares += error(b).square();
  const auto slope = (S(1) + (-s).exp()).inverse();  // of softplus
  array(dspread) +=
      (S(0.5) * scale * share) * slope * precision * (static_cast<S>(y.cols) - squares * precision);
  parallel_for(y.cols, 6. * static_cast<double>(features), [&](Index b) {
    values.data[b] = S(0.5) * share * (error(b).square() * precision + log_variance).sum();
    map(dy).col(b).array() = (scale * share) * error(b) * precision;
  });
}

}  // namespace kd::cpu
