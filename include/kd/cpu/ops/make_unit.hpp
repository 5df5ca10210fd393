// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/cpu/length.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// Makes each column 1 long; `inverse_lengths` (batch) remembers what it was multiplied by. A
/// column of zeros stays.
template <Real S>
void op_make_unit(const Space&, MatrixView<S> x, VectorView<S> inverse_lengths) {
  for (Index b = 0; b < x.cols; ++b) {
    const S inverse = detail::inverse_length(map(x).col(b));
    map(x).col(b) *= inverse;
    inverse_lengths.data[b] = inverse;
  }
}

/// From the gradient at `unit` to the gradient before `op_make_unit`, in place.
template <Real S>
void op_make_unit_backward(const Space&, MatrixView<const S> unit,
                           VectorView<const S> inverse_lengths, MatrixView<S> gradient) {
  for (Index b = 0; b < unit.cols; ++b) {
    const auto u = map(unit).col(b);
    auto g = map(gradient).col(b);
    g = inverse_lengths.data[b] * (g - u.dot(g) * u);
  }
}

}  // namespace kd::cpu
