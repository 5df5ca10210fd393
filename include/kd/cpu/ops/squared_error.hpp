// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `values[b]` = mean over the features of `(y_b - t_b)^2`; dy = scale times its gradient,
/// unless dy is empty.
template <Real S>
void op_squared_error(const Space&, MatrixView<const S> y, MatrixView<const S> target, S scale,
                      MatrixView<S> dy, Write write, VectorView<S> values) {
  const Index features = y.rows;
  const S share = S(1) / static_cast<S>(features);
  parallel_for(y.cols, 3. * static_cast<double>(features), [&](Index b) {
    const auto error = map(y).col(b) - map(target).col(b);
    values.data[b] = share * error.squaredNorm();
    if (dy.empty()) return;
    if (write == Write::overwrite) {
      map(dy).col(b) = 2 * scale * share * error;
    } else {
      map(dy).col(b) += 2 * scale * share * error;
    }
  });
}

}  // namespace kd::cpu
