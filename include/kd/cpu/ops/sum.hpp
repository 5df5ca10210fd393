// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/finite.hpp"
#include "kd/core/matrix.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `total += sum of values`
template <Real S>
void op_add_sum(const Space&, VectorView<const S> values, VectorView<double> total) {
  double sum = 0;
  for (Index b = 0; b < values.size; ++b) sum += static_cast<double>(values.data[b]);
  *total.data += sum;
}

/// `total += sum of squares`
template <Real S>
void op_add_square_sum(const Space&, VectorView<const S> x, VectorView<double> total) {
  double sum = 0;  // a piece in S, the pieces in double and in order
  for (Index at = 0; at < x.size; at += detail::chunk) {
    const auto piece = array(x.slice(at, std::min(detail::chunk, x.size - at)));
    const S squares = piece.matrix().squaredNorm();
    sum += kd::detail::is_finite(squares) ? static_cast<double>(squares)
                                          : piece.template cast<double>().matrix().squaredNorm();
  }
  *total.data += sum;
}

}  // namespace kd::cpu
