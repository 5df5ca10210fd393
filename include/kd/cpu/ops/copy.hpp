// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/view.hpp"
#include "kd/cpu/for_elements.hpp"
#include "kd/cpu/put.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `y = x` or `y += x`
template <Real S>
void op_copy(const Space&, VectorView<const S> x, VectorView<S> y, Write write) {
  if (write == Write::overwrite) {
    std::copy_n(x.data, x.size, y.data);
  } else {
    detail::for_elements<S>(0, x.size, [&]<Index N>(detail::Width<N>, Index i) {
      detail::put(simd::load<N>(x.data + i), y.data[i], Write::add);
    });
  }
}

}  // namespace kd::cpu
