// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/finite.hpp"
#include "kd/core/view.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/for_elements.hpp"
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
    const Index n = std::min(detail::chunk, x.size - at);
    detail::Sum<S> squares;
    detail::for_elements<S>(at, n, [&]<Index N>(detail::Width<N>, Index i) {
      const simd::Vector<S, N> values = simd::load<N>(x.data + i);
      squares.add(values * values);
    });
    if (const S all = squares.total(); kd::detail::is_finite(all)) {
      sum += static_cast<double>(all);
    } else {
      for (Index i = at; i < at + n; ++i)
        sum += static_cast<double>(x.data[i]) * static_cast<double>(x.data[i]);
    }
  }
  *total.data += sum;
}

}  // namespace kd::cpu
