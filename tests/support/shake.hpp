// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "support/random_matrix.hpp"

namespace kd::test {

/// Gives a network weights and moments that no layer has at first.
template <class N>
void shake(N& network) {
  using S = typename N::Scalar;
  map(network.params()) += Vector<S>(random_matrix<S>(network.num_params(), 1, 7).col(0) * S(0.3));
  const Index count = network.statistics().size;
  map(network.statistics()) += Vector<S>(random_matrix<S>(count, 1, 8).col(0).cwiseAbs());
}

}  // namespace kd::test
