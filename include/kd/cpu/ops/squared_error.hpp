// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/parallel.hpp"
#include "kd/core/view.hpp"
#include "kd/cpu/for_elements.hpp"
#include "kd/cpu/put.hpp"
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
    const auto difference = [&]<Index N>(detail::Width<N>, Index i) {
      return simd::load<N>(y.data + i) - simd::load<N>(target.data + i);
    };
    const Index first = b * features;
    detail::Sum<S> squares;
    detail::for_elements<S>(first, features, [&](auto width, Index i) {
      const auto error = difference(width, i);
      squares.add(error * error);
    });
    values.data[b] = share * squares.total();
    if (dy.empty()) return;
    detail::for_elements<S>(first, features, [&](auto width, Index i) {
      detail::put(2 * scale * share * difference(width, i), dy.data[i], write);
    });
  });
}

}  // namespace kd::cpu
